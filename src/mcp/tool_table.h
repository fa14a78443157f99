/* The tools that clients are offered, but for those that act in the browser (browser_tools.c makes them of the actions
 * that models have): name, title, doc, handler, hints, permission, scope, properties and required of its arguments. A
 * row here and a handler make a tool; the checks and what clients are told come from it. */
#pragma once

#define PROPERTY(name, type, doc) "\"" name "\":{\"type\":\"" type "\",\"description\":\"" doc "\"}"
#define TEXT_PROPERTY(name, doc)  PROPERTY(name, "string", doc)
#define ID_PROPERTY               TEXT_PROPERTY("id", "The thread's id.")
#define REQUIRED(names)           "},\"required\":[" names "]"
#define PAGE_PROPERTIES                                                                                                \
    "\"page\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"Which page, from 1.\"},"                           \
    "\"size\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"description\":\"Items per page, 20 unless "        \
    "said.\"}"
#define TEXT_ANSWER     TEXT_PROPERTY("text", "The answer, of a question.")
#define APPROVED_ANSWER PROPERTY("approved", "boolean", "Whether it may be done, of an approval.")
#define VALUES_ANSWER   PROPERTY("values", "object", "Its fields, of a code.")
#define HANDLED_ANSWER  PROPERTY("handled", "boolean", "It is dealt with.")
#define ANSWER_PROPERTIES                                                                                              \
    TEXT_PROPERTY("question_id", "Of thread_questions.")                                                               \
    "," TEXT_ANSWER "," APPROVED_ANSWER "," VALUES_ANSWER "," HANDLED_ANSWER

#define MCP_TOOL_TABLE(X)                                                                                              \
    X("agents_list", "List agents", "The agents that may be run here: names, what they do, which inputs they take.",   \
      mcp_agents_list, MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_AGENTS_READ, MCP_READ,                               \
      PAGE_PROPERTIES "," TEXT_PROPERTY("search", "Part of a name or description.") REQUIRED(""))                      \
    X("thread_start", "Start an agent",                                                                                \
      "Starts a run (a thread) of an agent and answers at once; thread_wait waits for its end.", mcp_thread_start,     \
      MCP_DESTRUCTIVE | MCP_OPEN_WORLD, PERMISSION_AGENTS_RUN, MCP_RUN,                                                \
      TEXT_PROPERTY("agent", "The agent's id or name.") "," TEXT_PROPERTY(                                             \
          "task", "What it shall do, for agents with a model.") "," PROPERTY("inputs", "object",                       \
                                                                             "Inputs, as the agent's input_schema "    \
                                                                             "wants them.") REQUIRED("\"agent\""))     \
    X("threads_list", "List threads", "Runs of agents, the newest first.", mcp_threads_list,                           \
      MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_THREADS_READ, MCP_READ,                                               \
      PAGE_PROPERTIES "," TEXT_PROPERTY("agent_id", "Only of this agent.") "," TEXT_PROPERTY(                          \
          "status", "Only with one of these, by commas: queued, starting, running, waiting, stopping, completed, "     \
                    "error, stopped.") REQUIRED(""))                                                                   \
    X("thread_get", "See a thread",                                                                                    \
      "How far a thread is, with its results once it has ended, and links to its files.", mcp_thread_get,              \
      MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_THREADS_READ, MCP_READ, ID_PROPERTY REQUIRED("\"id\""))               \
    X("thread_wait", "Wait for a thread",                                                                              \
      "Waits until a thread has ended or waits for a person, and then answers as thread_get; tells its steps as "      \
      "progress meanwhile.",                                                                                           \
      mcp_thread_wait, MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_THREADS_READ, MCP_READ,                              \
      ID_PROPERTY ",\"seconds\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3600,\"description\":\"How long, 60 "  \
                  "unless said.\"}" REQUIRED("\"id\""))                                                                \
    X("thread_events", "Read a thread's events", "What happened in a thread, step by step.", mcp_thread_events,        \
      MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_THREADS_READ, MCP_READ,                                               \
      ID_PROPERTY                                                                                                      \
      ",\"after\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"Only events behind this "                      \
      "number.\"},\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000,\"description\":\"At "                \
      "most so many, 100 unless said.\"}," TEXT_PROPERTY("level", "The least: debug, info, warn or error.")            \
          REQUIRED("\"id\""))                                                                                          \
    X("thread_stop", "Stop a thread", "Stops a thread, whether it waits or runs.", mcp_thread_stop,                    \
      MCP_DESTRUCTIVE | MCP_IDEMPOTENT, PERMISSION_AGENTS_RUN, MCP_RUN, ID_PROPERTY REQUIRED("\"id\""))                \
    X("thread_questions", "See a thread's questions", "What a thread that waits for a person asks, or has asked.",     \
      mcp_thread_questions, MCP_READ_ONLY | MCP_IDEMPOTENT, PERMISSION_THREADS_READ, MCP_READ,                         \
      ID_PROPERTY REQUIRED("\"id\""))                                                                                  \
    X("thread_answer", "Answer a thread's question",                                                                   \
      "Answers a question of a thread in the place of the person: a text, values of its fields, or whether an "        \
      "action is approved. Only what the person has told you.",                                                        \
      mcp_thread_answer, MCP_DESTRUCTIVE, PERMISSION_AGENTS_RUN, MCP_RUN,                                              \
      ID_PROPERTY "," ANSWER_PROPERTIES REQUIRED("\"id\",\"question_id\""))
