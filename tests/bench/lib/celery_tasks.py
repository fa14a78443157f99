"""The reference of the benchmark `jobs`: Celery with Redis, no-op tasks, results ignored.

celery_tasks.py SOCKET COUNT: enqueues and waits until every task was taken from the queue; prints milliseconds."""
import sys
import time

from celery import Celery

app = Celery("bench", broker=f"redis+socket://{sys.argv[1] if __name__ == '__main__' else ''}")
app.conf.update(task_ignore_result=True, worker_hijack_root_logger=False)


@app.task(name="noop")
def noop():
    pass


if __name__ == "__main__":
    import redis

    socket, count = sys.argv[1], int(sys.argv[2])
    client = redis.Redis(unix_socket_path=socket)
    noop.delay()  # connects
    while client.llen("celery") or client.hlen("unacked"):
        time.sleep(0.01)
    began = time.monotonic()
    for _ in range(count):
        noop.delay()
    enqueued = time.monotonic()
    while client.llen("celery") or client.hlen("unacked"):
        time.sleep(0.005)
    print(f'{{"ms": {(time.monotonic() - began) * 1000:.1f}, "enqueue_ms": {(enqueued - began) * 1000:.1f}}}')
