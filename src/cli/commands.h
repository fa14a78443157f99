/* The subcommands of the binary, a row each: name, function, service name in the log, one line of help.
 *
 * A function gets the arguments after the subcommand's name (arguments[0] is the name) with configuration loaded, log
 * and libsodium started and SIGPIPE ignored, and returns the exit status: 0, 1 for a failure it has reported, 2 for
 * usage. */
#pragma once

#define COMMAND_TABLE(X)                                                                                               \
    X("up", up_command, "up", "Start everything and keep it running; Ctrl-C stops it.")                                \
    X("doctor", doctor_command, "doctor", "Check what Replinet needs of this machine; --mend makes users, --json.")    \
    X("run", run_command, "cli", "Run one script in one browser: replinet run FILE.json.")                             \
    X("browser", browser_command, "cli", "List, end and count the browsers of the running instance.")                  \
    X("config", config_command, "cli", "Print every configuration value, its meaning and where it goes.")              \
    X("migrate", migrate_command, "migrate", "Bring the database's schema up to date; --status only looks.")           \
    X("script", script_command, "cli", "Check a script (check FILE) or print the language's reference (--markdown).")  \
    X("model", model_command, "cli", "Models: test PROVIDER/MODEL asks one for a word.")                               \
    X("model-provider", model_provider_command, "cli", "Providers of models: create, show, ls, delete.")               \
    X("preset", preset_command, "cli", "Presets: create, show, ls, delete, export, import, revisions, restore.")       \
    X("agent", agent_command, "cli", "Agents: create, show, ls, delete, export, import, revisions, restore.")          \
    X("thread", thread_command, "cli",                                                                                 \
      "Threads: start, show, logs, stop, retry, ls, questions, answer, export, script.")                               \
    X("batch", batch_command, "cli", "Run an agent once per row of a CSV or JSON file; join the results.")             \
    X("artifact", artifact_command, "cli", "Files of threads: ls, show, get, export, migrate, check.")                 \
    X("events", events_command, "cli", "What happened to the instance: starts, migrations, low disk, dead jobs.")      \
    X("audit", audit_command, "cli", "Who changed what: ls.")                                                          \
    X("admin", admin_command, "cli", "One-time links: link (become administrator), reset-link EMAIL.")                 \
    X("api", api_command, "api", "Serve HTTP: the API and the web app.")                                               \
    X("mcp", mcp_command, "mcp", "Offer browsers and agents to a program over the Model Context Protocol (stdio).")    \
    X("maintenance", maintenance_command, "cli",                                                                       \
      "Retention, months, files: what else happens by the hour; --dry-run.")                                           \
    X("worker", worker_command, "worker", "Take jobs and run each in a process of its own.")                           \
    X("job", job_command, "job", "The queue: ls, show, add, retry, cancel.")                                           \
    X("spare", spare_command, "job", "A process that waits for a job, and carries it out; started by the worker.")     \
    X("launcher", launcher_command, "launcher", "Make and end browsers, as root; only the engine talks to it.")        \
    X("keeper", keeper_command, "keeper", "Guard one browser; started by the launcher.")                               \
    X("profile", profile_command, "profile", "Pack or unpack a browser's profile; started by the launcher.")           \
    X("engine", engine_command, "engine", "The pool of browsers, their leases and the door.")                          \
    X("browser-manager", browser_manager_command, "browser-manager", "Launcher and engine without the rest.")          \
    X("ticket", ticket_command, "cli", "Sign claims (JSON) with SECRET_KEY: replinet ticket '{...}' [SECONDS].")

#define X(name, function, service, help) int function(int count, char **arguments);
COMMAND_TABLE(X)
#undef X
