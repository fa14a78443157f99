"""The route GET /agents/{id} as one would write it with FastAPI and asyncpg: a JWT check, one query, JSON. For comparison."""
import base64, hashlib, hmac, json, os, time
import asyncpg
from fastapi import FastAPI, Header, HTTPException

app = FastAPI()
SECRET = b"x" * 32
QUERY = open(os.environ["QUERY_FILE"]).read()


@app.on_event("startup")
async def start():
    app.pool = await asyncpg.create_pool(host=os.environ["PGHOST"], user="replinet", database="replinet", min_size=4, max_size=4)


def user_of(token: str) -> str:
    head, _, signature = token.rpartition(".")
    made = base64.urlsafe_b64encode(hmac.new(SECRET, head.encode(), hashlib.sha256).digest()).rstrip(b"=")
    if not hmac.compare_digest(made, signature.encode()):
        raise HTTPException(401)
    part = head.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if claims["exp"] < time.time():
        raise HTTPException(401)
    return claims["sub"]


@app.get("/agents/{id}")
async def get_agent(id: str, authorization: str = Header()):
    user = user_of(authorization.removeprefix("Bearer "))
    found = await app.pool.fetchval(QUERY, user, "free_user", id)
    if not found:
        raise HTTPException(404)
    return json.loads(found)
