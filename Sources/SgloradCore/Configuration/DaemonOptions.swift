public import ControlProtocol
public import IntentQueue
public import Logging

/// Everything the daemon can be told, with its defaults.
public struct DaemonOptions: Sendable {
    /// Where databases, experts and adapters are kept.
    public var stateDirectory: String
    /// Where the socket is made, unless systemd passes one.
    public var socket: String
    /// The text encoder's folder; nil to search for it.
    public var model: String?
    /// How many requests are worked on at once.
    public var workers: Int
    /// How much the queue takes, how often it tries, and how long it keeps what.
    public var queue: QueueOptions
    /// What is evicted from the cache, and how often it is verified.
    public var cache: CacheOptions
    /// Where the spool is, and how long it keeps what.
    public var spool: SpoolOptions
    /// What peers may take of the daemon through its socket.
    public var limits: ServerLimits
    /// Which groups may do what.
    public var access: AccessOptions
    /// The group that may read every user's published adapters, by name or number; nil for none.
    public var publishGroup: String?
    /// What is logged.
    public var logLevel: Logger.Level
    /// The program that is started for a training or an evaluation.
    ///
    /// Its arguments are `train <folder>` or `evaluate <folder>`.
    public var trainer: String

    /// Options as a person who says nothing gets them.
    public init(
        stateDirectory: String = "/var/lib/sglorad", socket: String = "/run/sglorad/io.sglorad",
        model: String? = nil,
        workers: Int = 2, queue: QueueOptions = QueueOptions(), cache: CacheOptions = CacheOptions(),
        spool: SpoolOptions = SpoolOptions(), limits: ServerLimits = ServerLimits(reservedForRoot: 16),
        access: AccessOptions = AccessOptions(), publishGroup: String? = nil, logLevel: Logger.Level = .info,
        trainer: String = "/proc/self/exe"
    ) {
        self.stateDirectory = stateDirectory
        self.socket = socket
        self.model = model
        self.workers = workers
        self.queue = queue
        self.cache = cache
        self.spool = spool
        self.limits = limits
        self.access = access
        self.publishGroup = publishGroup
        self.logLevel = logLevel
        self.trainer = trainer
    }
}
