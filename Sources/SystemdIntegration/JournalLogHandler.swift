internal import Glibc
public import Logging

/// Writes log records to standard error, one line each.
///
/// Where the journal reads standard error, a line begins with its priority (`<6>`, see sd-daemon(3)); elsewhere with the time
/// and the level. Nothing in a message or in metadata can begin another line: control characters are escaped.
public struct JournalLogHandler: LogHandler {
    /// How a line begins.
    public enum Form: Sendable, Hashable {
        /// With a priority for the journal, which keeps the time itself.
        case journal
        /// With time (UTC) and level, for people.
        case plain

        /// The form that fits whatever standard error is connected to: `JOURNAL_STREAM` names the journal's own stream.
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

    /// Records below it are dropped: the threshold's, until another is set.
    public var logLevel: Logger.Level {
        get { ownLevel ?? threshold.level }
        set { ownLevel = newValue }
    }
    /// What every record carries.
    public var metadata: Logger.Metadata = [:]
    /// What else every record carries.
    public var metadataProvider: Logger.MetadataProvider?

    private var ownLevel: Logger.Level?
    private let threshold: LogThreshold
    private let label: String
    private let form: Form
    private let descriptor: Int32

    /// Makes a handler.
    ///
    /// - Parameters:
    ///   - label: the logger's name; it stands before the message.
    ///   - threshold: below which level records are dropped.
    ///   - form: how lines begin.
    ///   - descriptor: where they go; standard error by default.
    public init(
        label: String, threshold: LogThreshold = LogThreshold(.info), form: Form = .ofStandardError,
        descriptor: Int32 = 2
    ) {
        self.label = label
        self.threshold = threshold
        self.form = form
        self.descriptor = descriptor
    }

    /// One value that every record carries.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record.
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
            // There is nowhere to say that the log cannot be written.
            guard count > 0 else { return }
            written += count
        }
    }

    /// The time as 2026-01-31T23:59:59.999Z.
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
    /// The level as syslog counts (RFC 5424).
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
