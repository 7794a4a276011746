"""What the manuals say that neither the commands nor the other sources know."""

# Environment variables of sglorad-ctl: name, the option that takes precedence, what it is.
VARIABLES = [
    ("SGLORAD_SOCKET", "socket", "The path of the daemon's socket, unless `--socket` names another."),
    ("SGLORAD_SPOOL", "spool-directory", "The spool folder, unless an option names another."),
]

DAEMON = ("The daemon turns an intent, a plain-language description of a task, into a LoRA adapter for a base model on "
          "this machine. It generates the adapter on the processor, from the nearest experts of its library, without "
          "training for the request and without the network. `sglorad-ctl` is its command line.")

DAEMON_SECTIONS = [
    ("ENVIRONMENT", [
        ("Ev SGLORAD_*", ["Every key of the configuration file: `queue.perUser` is `SGLORAD_QUEUE_PER_USER`."]),
        ("Ev LISTEN_FDS , NOTIFY_SOCKET , WATCHDOG_USEC", [
            "Set by systemd: the socket to serve, and where readiness and life are reported."]),
    ]),
    ("FILES", [
        ("Pa /etc/sglorad/sglorad.yaml", ["The configuration of the service."]),
        ("Pa /run/sglorad/io.sglorad", ["The control socket."]),
        ("Pa /usr/share/sglorad/all\\-MiniLM\\-L6\\-v2", ["The text encoder."]),
        ("Pa /var/lib/sglorad", ["The state: databases, experts, generators, published adapters. Only the daemon may "
                                 "open its databases."]),
        ("Pa /var/spool/sglorad", ["The spool, for requests by file."]),
    ]),
    ("SIGNALS", [
        ("Dv SIGTERM , SIGINT", ["Ends the daemon within two seconds: what it works on is finished or queued again."]),
        ("Dv SIGHUP", ["Rereads the log level, `limits` and `access`. If the configuration is invalid, the daemon keeps "
                       "the one that it has, and says so in its log and to systemd."]),
    ]),
    ("EXIT STATUS", [
        ("0", ["It was told to end."]),
        ("1", ["It could not start, or could not go on; the last line of its log says why and what to do."]),
        ("64", ["An option is wrong."]),
    ]),
    ("EXAMPLES", "systemctl enable --now sglorad.socket\n"
                 "sglorad --state-dir state --socket socket --model /usr/share/sglorad/all-MiniLM-L6-v2"),
]
