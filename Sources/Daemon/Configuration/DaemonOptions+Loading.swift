internal import Adaptation
internal import Configuration
public import ErrorModel
internal import ExpertLibrary
internal import Foundation
internal import IntentQueue
internal import Logging
internal import Spool
internal import SystemPackage
internal import TextEncoding
internal import Varlink

/// The command line's options.
///
/// They override the environment, which overrides the configuration file, which overrides the defaults.
public struct CommandLineOptions: Sendable {
    /// `--config`.
    public var configurationFile: String?
    /// `--state-dir`.
    public var stateDirectory: String?
    /// `--socket`.
    public var socket: String?
    /// `--model`.
    public var model: String?
    /// `--spool`.
    public var spool: String?
    /// `--log-level`.
    public var logLevel: String?

    /// Creates options; nil leaves an option to the environment, the file or the default.
    public init(
        configurationFile: String? = nil, stateDirectory: String? = nil, socket: String? = nil,
        model: String? = nil, spool: String? = nil,
        logLevel: String? = nil
    ) {
        self.configurationFile = configurationFile
        self.stateDirectory = stateDirectory
        self.socket = socket
        self.model = model
        self.spool = spool
        self.logLevel = logLevel
    }
}

extension DaemonOptions {
    /// Merges the options from command line, environment (`SGLORAD_STATE_DIRECTORY` …) and YAML file.
    ///
    /// - Throws: `invalidFile` for a file that is missing, not YAML, or has an unknown key; `invalidRequest`
    ///   for a value of the wrong type or out of range.
    public static func load(
        _ commandLine: CommandLineOptions, environment: [String: String]
    ) async throws(SgloradError) -> DaemonOptions {
        try await load(commandLine, environment: environment, keys: ConfigurationKeys())
    }

    static func load(
        _ commandLine: CommandLineOptions, environment: [String: String], keys: ConfigurationKeys
    ) async throws(SgloradError) -> DaemonOptions {
        var said: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, value) in [
            ("stateDirectory", commandLine.stateDirectory), ("socket", commandLine.socket),
            ("model", commandLine.model), ("spool.directory", commandLine.spool),
            ("logLevel", commandLine.logLevel),
        ] {
            if let value {
                said[AbsoluteConfigKey(key.split(separator: ".").map(String.init))] = ConfigValue(
                    .string(value), isSecret: false)
            }
        }
        var providers: [any ConfigProvider] = [
            InMemoryProvider(name: "command line", values: said),
            EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "sglorad"),
        ]
        if let file = commandLine.configurationFile {
            do {
                providers.append(try await FileProvider<SettingsSnapshot>(filePath: FilePath(file)))
            } catch {
                throw .invalidFile(
                    file, "the configuration cannot be read: \(error). Check that it exists and is YAML.",
                    cause: error)
            }
        }
        let options: DaemonOptions
        do throws(SgloradError) {
            options = try await Reading(
                reader: ConfigReader(providers: providers, accessReporter: keys)
            ).options()
        } catch {
            throw SettingSource(commandLine, environment: environment).explained(error)
        }
        if let file = commandLine.configurationFile { try keys.requireKnown(in: file) }
        return options
    }
}

/// Reads and validates values.
///
/// A value of the wrong type is an error that names the key; it never falls back to the default.
struct Reading {
    let reader: ConfigReader

    func options() async throws(SgloradError) -> DaemonOptions {
        let defaults = DaemonOptions()
        let level = try await string("logLevel") ?? defaults.logLevel.rawValue
        guard let logLevel = Logger.Level(rawValue: level) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest(field: "logLevel", reason: "is '\(level)'; it must be one of \(known)")
        }
        let processors = ProcessInfo.processInfo.activeProcessorCount
        return DaemonOptions(
            stateDirectory: try await path("stateDirectory") ?? defaults.stateDirectory,
            socket: try await path("socket") ?? defaults.socket,
            model: try await path("model"),
            precision: try await precision() ?? defaults.precision,
            workers: try await int("workers", 1...64) ?? min(64, max(1, processors)),
            queue: try await queue(defaults.queue),
            keepTombstones: try await keepTombstones() ?? defaults.keepTombstones,
            cache: try await cache(defaults.cache),
            spool: try await spool(defaults.spool),
            limits: try await limits(defaults.limits),
            access: try await access(defaults.access),
            publishGroup: try await group("publish.group"),
            publish: try await publish(defaults.publish),
            logLevel: logLevel,
            trainer: try await path("trainer") ?? defaults.trainer,
            engine: EngineOptions(
                program: try await path("engine.program"), models: try await path("engine.models"),
                threads: try await int("engine.threads", 1...256) ?? max(1, processors)))
    }

    private func precision() async throws(SgloradError) -> EncoderPrecision? {
        guard let name = try await string("encoder.precision") else { return nil }
        guard let precision = EncoderPrecision(rawValue: name) else {
            let known = EncoderPrecision.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidRequest(
                field: "encoder.precision", reason: "is '\(name)'; it must be one of \(known)")
        }
        return precision
    }

    private func keepTombstones() async throws(SgloradError) -> Duration? {
        try await duration("privacy.keepTombstones", .seconds(60)...(.seconds(3650 * 24 * 3600)))
    }

    private func queue(_ defaults: QueueOptions) async throws(SgloradError) -> QueueOptions {
        let day = Duration.seconds(24 * 3600)
        return QueueOptions(
            capacity: try await int("queue.capacity", 1...1_000_000) ?? defaults.capacity,
            perUser: try await int("queue.perUser", 1...1_000_000) ?? defaults.perUser,
            attempts: try await int("queue.attempts", 1...100) ?? defaults.attempts,
            lease: try await duration("queue.lease", .seconds(10)...day) ?? defaults.lease,
            keepKeys: try await duration("queue.keepKeys", .seconds(60)...day * 365) ?? defaults.keepKeys,
            keepRequests: try await duration("queue.keepRequests", .seconds(60)...day * 3650)
                ?? defaults.keepRequests,
            keepRequestsPerUser: try await int("queue.keepRequestsPerUser", 1...100_000_000)
                ?? defaults.keepRequestsPerUser,
            retainIntents: try await duration("privacy.retainIntents", .zero...day * 3650)
                ?? defaults.retainIntents,
            keepLabels: try await duration("privacy.keepLabels", .zero...day * 3650) ?? defaults.keepLabels)
    }

    private func cache(_ defaults: CacheOptions) async throws(SgloradError) -> CacheOptions {
        let years = Duration.seconds(3650 * 24 * 3600)
        var options = defaults
        if let bytes = try await size("cache.maximumBytes", 0...1 << 50) {
            options.eviction.maximumBytes = bytes == 0 ? nil : bytes
        }
        if let bytes = try await size("cache.maximumBytesPerUser", 0...1 << 50) {
            options.eviction.maximumBytesPerUser = bytes == 0 ? nil : bytes
        }
        let limit = options.eviction.maximumBytes
        options.eviction.guaranteedBytesPerUser =
            try await size("cache.guaranteedBytesPerUser", 0...1 << 50) ?? (limit ?? 0) / 64
        let pinned = try await size("cache.pinnedBytesPerUser", 0...1 << 50) ?? (limit ?? 0) / 8
        options.eviction.maximumPinnedBytesPerUser = pinned == 0 ? nil : pinned
        if let age = try await duration("cache.maximumAge", .zero...years) {
            options.eviction.maximumAge = age == .zero ? nil : Double(age.components.seconds)
        }
        if let age = try await duration("cache.minimumAge", .zero...years) {
            options.eviction.minimumAge = Double(age.components.seconds)
        }
        options.verifyEvery =
            try await duration("cache.verifyEvery", .zero...years) ?? defaults.verifyEvery
        return options
    }

    private func spool(_ defaults: SpoolOptions) async throws(SgloradError) -> SpoolOptions {
        let year = Duration.seconds(365 * 24 * 3600)
        return SpoolOptions(
            directory: try await path("spool.directory"),
            keepResults: try await duration("spool.keepResults", .seconds(60)...year) ?? defaults.keepResults,
            keepRejected: try await duration("spool.keepRejected", .zero...year) ?? defaults.keepRejected)
    }

    private func limits(_ defaults: ServerLimits) async throws(SgloradError) -> ServerLimits {
        let patience = Duration.seconds(1)...Duration.seconds(3600)
        let length = try await size("limits.message", 64 << 10...256 << 20) ?? defaults.messageLength
        // Message buffers grow by doubling, so the longest message may occupy twice its length.
        let least = 2 * length
        return ServerLimits(
            messageLength: length,
            connections: try await int("limits.connections", 1...1_000_000) ?? defaults.connections,
            connectionsPerUser: try await int("limits.connectionsPerUser", 1...1_000_000)
                ?? defaults.connectionsPerUser,
            calls: try await int("limits.calls", 1...1_000_000) ?? defaults.calls,
            callsPerUser: try await int("limits.callsPerUser", 1...1_000_000) ?? defaults.callsPerUser,
            reservedForAdministrators: defaults.reservedForAdministrators,
            messageMemory: try await size("limits.messageMemory", least...64 << 30)
                ?? max(least, defaults.messageMemory),
            messageMemoryPerUser: try await size("limits.messageMemoryPerUser", least...64 << 30)
                ?? max(least, defaults.messageMemoryPerUser),
            halfMessage: try await duration("limits.halfMessage", patience) ?? defaults.halfMessage,
            unreadReply: try await duration("limits.unreadReply", patience) ?? defaults.unreadReply,
            drain: defaults.drain)
    }

    private func access(_ defaults: AccessOptions) async throws(SgloradError) -> AccessOptions {
        AccessOptions(
            users: try await group("access.users") ?? defaults.users,
            administrators: try await group("access.administrators") ?? defaults.administrators,
            subordinateUsers: try await path("access.subordinateUsers") ?? defaults.subordinateUsers)
    }

    func group(_ key: ConfigKey) async throws(SgloradError) -> String? {
        guard let name = try await string(key) else { return nil }
        guard !name.isEmpty, !name.contains(where: { $0.isWhitespace || $0 == ":" || $0 == "\0" }) else {
            throw .invalidRequest(
                field: "\(key)", reason: "is '\(name)'; it must be a group's name or number")
        }
        return name
    }

    func string(_ key: ConfigKey) async throws(SgloradError) -> String? {
        do {
            return try await reader.fetchString(forKey: key)
        } catch {
            throw .invalidRequest(field: "\(key)", reason: "is not text: \(error)")
        }
    }

    /// A path, made absolute so that it does not depend on the working directory later.
    func path(_ key: ConfigKey) async throws(SgloradError) -> String? {
        guard let path = try await string(key) else { return nil }
        guard !path.isEmpty else {
            throw .invalidRequest(field: "\(key)", reason: "is empty; it must be a path")
        }
        // Only a shell knows what a tilde stands for. Here it would become a folder of that name.
        guard !path.hasPrefix("~") else {
            throw .invalidRequest(
                field: "\(key)",
                reason:
                    "is '\(path)'; '~' is not expanded here, so write the whole path, or './~' for a folder of that name"
            )
        }
        return path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    func int(_ key: ConfigKey, _ range: ClosedRange<Int>) async throws(SgloradError) -> Int? {
        let value: Int?
        do {
            value = try await reader.fetchInt(forKey: key)
        } catch {
            throw .invalidRequest(field: "\(key)", reason: "is not a whole number: \(error)")
        }
        guard let value else { return nil }
        guard range.contains(value) else {
            throw .invalidRequest(
                field: "\(key)", reason: "is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    private func size(_ key: ConfigKey, _ range: ClosedRange<Int>) async throws(SgloradError) -> Int? {
        guard let text = try await string(key) else { return nil }
        guard let value = SizeText.bytes(text) else {
            throw .invalidRequest(
                field: "\(key)",
                reason: "is '\(text)'; it must be a whole number of bytes, K, M or G, such as 16M")
        }
        guard range.contains(value) else {
            throw .invalidRequest(
                field: "\(key)",
                reason: "is \(text); it must be \(SizeText.text(range.lowerBound)) to "
                    + SizeText.text(range.upperBound))
        }
        return value
    }

    private func duration(
        _ key: ConfigKey, _ range: ClosedRange<Duration>
    ) async throws(SgloradError) -> Duration? {
        guard let text = try await string(key) else { return nil }
        guard let value = DurationText.duration(text) else {
            throw .invalidRequest(
                field: "\(key)",
                reason: "is '\(text)'; it must be a whole number of s, m, h or d, such as 90s or 7d")
        }
        guard range.contains(value) else {
            throw .invalidRequest(
                field: "\(key)",
                reason: "is \(text); it must be \(DurationText.text(range.lowerBound)) to "
                    + DurationText.text(range.upperBound))
        }
        return value
    }
}
