public import Adaptation
public import ExpertLibrary
public import IntentQueue
public import Logging
public import Spool
public import TextEncoding
public import Varlink

/// The daemon's configuration, with its defaults.
public struct DaemonOptions: Sendable {
    /// The directory of the databases, experts and adapters.
    public var stateDirectory: String
    /// The path of the socket, unless systemd passes one.
    public var socket: String
    /// The text encoder's folder; nil to search for it.
    public var model: String?
    /// How the text encoder holds its weights.
    public var precision: EncoderPrecision
    /// The number of requests processed concurrently.
    public var workers: Int
    /// The queue's capacity, attempts, leases and retention.
    public var queue: QueueOptions
    /// How long tombstones of forgotten requests are kept: no backup that is restored may be older.
    public var keepTombstones: Duration
    /// The cache's eviction policy and verification interval.
    public var cache: CacheOptions
    /// The spool's directory and retention.
    public var spool: SpoolOptions
    /// The socket's limits on connections, calls and memory.
    public var limits: ServerLimits
    /// The groups of users and administrators.
    public var access: AccessOptions
    /// The group that may read every user's published adapters, by name or number; nil for none.
    public var publishGroup: String?
    /// What is published to model servers under names.
    public var publish: PublishOptions
    /// The lowest level that is logged.
    public var logLevel: Logger.Level
    /// The program that is started for a training or an evaluation.
    ///
    /// Its arguments are `train <folder>` or `evaluate <folder>`.
    public var trainer: String
    /// The program that runs base models which the daemon cannot run itself.
    public var engine: EngineOptions

    /// Creates options; the defaults are those of an empty configuration.
    public init(
        stateDirectory: String = "/var/lib/sglorad", socket: String = "/run/sglorad/io.sglorad",
        model: String? = nil, precision: EncoderPrecision = .standard,
        workers: Int = 2, queue: QueueOptions = QueueOptions(),
        keepTombstones: Duration = .seconds(365 * 24 * 3600), cache: CacheOptions = CacheOptions(),
        spool: SpoolOptions = SpoolOptions(),
        limits: ServerLimits = ServerLimits(reservedForAdministrators: 16),
        access: AccessOptions = AccessOptions(), publishGroup: String? = nil,
        publish: PublishOptions = PublishOptions(), logLevel: Logger.Level = .info,
        trainer: String = "/proc/self/exe", engine: EngineOptions = EngineOptions()
    ) {
        self.stateDirectory = stateDirectory
        self.socket = socket
        self.model = model
        self.precision = precision
        self.workers = workers
        self.queue = queue
        self.keepTombstones = keepTombstones
        self.cache = cache
        self.spool = spool
        self.limits = limits
        self.access = access
        self.publishGroup = publishGroup
        self.publish = publish
        self.logLevel = logLevel
        self.trainer = trainer
        self.engine = engine
    }
}

/// The cache's eviction policy and verification interval.
public struct CacheOptions: Sendable, Hashable {
    /// The limits on the size and age of the adapters.
    public var eviction: EvictionPolicy
    /// The interval between full verifications; zero for never.
    public var verifyEvery: Duration

    /// Creates options; the defaults are 4 GiB of adapters, 2 GiB per user, and a daily verification.
    public init(
        eviction: EvictionPolicy = EvictionPolicy(
            maximumBytes: 4 << 30, maximumBytesPerUser: 2 << 30, guaranteedBytesPerUser: (4 << 30) / 64,
            maximumPinnedBytesPerUser: (4 << 30) / 8),
        verifyEvery: Duration = .seconds(86400)
    ) {
        self.eviction = eviction
        self.verifyEvery = verifyEvery
    }
}

/// The system groups that grant access, each given by name or number, and whom a user ID belongs to.
public struct AccessOptions: Sendable, Hashable {
    /// The group whose members may make requests, and see and erase their own.
    public var users: String
    /// The group whose members may see and change everything, besides root and the daemon's own user.
    public var administrators: String
    /// The table of subordinate user IDs (subuid(5)), whose IDs count as their owner in every share.
    public var subordinateUsers: String

    /// Creates options; the defaults are the groups that the package creates, and the system's table.
    public init(
        users: String = "sglorad-users", administrators: String = "sglorad-admin",
        subordinateUsers: String = "/etc/subuid"
    ) {
        self.users = users
        self.administrators = administrators
        self.subordinateUsers = subordinateUsers
    }
}
