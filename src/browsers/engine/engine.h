/* `replinet engine`: the pool, the leases and the door, on one loop. Runs as replinet-engine, needs RUN_DIR's launcher
 * and TICKET_PUBLIC_KEY, and can be killed and started again at any time: it finds the browsers and leases that exist.
 */
#pragma once

int engine_command(int count, char **arguments);
