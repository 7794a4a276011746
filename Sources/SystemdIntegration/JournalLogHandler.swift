internal import Glibc
public import Logging
internal import Synchronization

/// The level below which log records are dropped, shared by many loggers and mutable while they are in use.
public final class LogThreshold: Sendable {
    private let current: Mutex<Logger.Level>

    /// Creates a threshold.
    public init(_ level: Logger.Level) {
        current = Mutex(level)
    }

    /// The lowest level that is logged.
    public var level: Logger.Level {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}

/// Writes log records to standard error, one line each.
///
/// If standard error is connected to the journal, a line starts with its priority (`<6>`, see sd-daemon(3)),
/// otherwise with the time and the level. Control characters in messages and metadata are escaped, so that a
/// record cannot forge another line.
public struct JournalLogHandler: LogHandler {
    /// The prefix of a line.
    public enum Form: Sendable, Hashable {
        /// The priority, for the journal, which records the time itself.
        case journal
        /// The time (UTC) and the level, for people.
        case plain

        /// The form for what standard error is connected to: `journal` if it is the stream that
        /// `JOURNAL_STREAM` names.
        public static var ofStandardError: Form {
            fitting(descriptor: STDERR_FILENO, environment: ProcessEnvironment())
        }

        static func fitting(descriptor: Int32, environment: ProcessEnvironment) -> Form {
            var status = stat()
            guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else {
                return .plain
            }
            return stream == "\(status.st_dev):\(status.st_ino)" ? .journal : .plain
        }
    }

    /// The level below which this handler drops records: that of the threshold, until it is set.
    public var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    /// The metadata of every record.
    public var metadata: Logger.Metadata = [:]
    /// Provides further metadata for every record; it overrides ``metadata``.
    public var metadataProvider: Logger.MetadataProvider?

    private var ownLevel: Logger.Level?
    private let threshold: LogThreshold
    private let label: String
    private let form: Form
    private let descriptor: Int32

    /// Creates a handler.
    ///
    /// - Parameters:
    ///   - label: the logger's name, which precedes the message.
    ///   - threshold: the level below which records are dropped.
    ///   - form: the prefix of lines.
    ///   - descriptor: the file descriptor to write to; standard error by default.
    public init(
        label: String, threshold: LogThreshold = LogThreshold(.info), form: Form = .ofStandardError,
        descriptor: Int32 = 2
    ) {
        self.label = label
        self.threshold = threshold
        self.form = form
        self.descriptor = descriptor
    }

    /// One metadata value of every record.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record as one line.
    public func log(event: LogEvent) {
        var fields = metadata
        if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
        if let given = event.metadata { fields.merge(given) { _, new in new } }
        if let error = event.error { fields["error"] = "\(error)" }
        var line = form == .journal ? "<\(event.level.journalPriority)>" : "\(Self.now()) \(event.level) "
        line += LogText.escaped(label) + ": " + LogText.escaped(event.message.description)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " \(LogText.escaped(key))=\(LogText.quoted(value.description))"
        }
        write(LogText.bounded(line) + "\n")
    }

    private func write(_ line: String) {
        let bytes = Array(line.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            // A log that cannot be written cannot be reported anywhere.
            guard count > 0 else { return }
            written += count
        }
    }

    /// The current time as 2026-01-31T23:59:59.999Z.
    private static func now() -> String {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var parts = tm()
        gmtime_r(&now.tv_sec, &parts)
        func digits(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let date =
            "\(digits(Int(parts.tm_year) + 1900, 4))-\(digits(Int(parts.tm_mon) + 1, 2))-\(digits(Int(parts.tm_mday), 2))"
        let time =
            "\(digits(Int(parts.tm_hour), 2)):\(digits(Int(parts.tm_min), 2)):\(digits(Int(parts.tm_sec), 2))"
        return "\(date)T\(time).\(digits(now.tv_nsec / 1_000_000, 3))Z"
    }
}

extension Logger.Level {
    /// The syslog severity (RFC 5424) of the level.
    fileprivate var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
