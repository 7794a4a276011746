internal import Glibc

/// Tells the service manager how the daemon is doing, by the protocol of sd_notify(3).
///
/// Without `NOTIFY_SOCKET` in the environment every call does nothing. No call fails, or hangs on a manager that does not
/// read: a change of state is waited for a moment, for without it the manager would wait in vain; any other message that
/// cannot be sent at once is lost.
public struct Notifier: Sendable {
    /// How long the manager waits for ``watchdog()`` before it takes the daemon for hung; nil if it does not watch this process.
    ///
    /// Call at twice that rate.
    public let watchdogInterval: Duration?

    private let socketPath: String?

    /// Makes a notifier from the environment of this process, or from a given one.
    ///
    /// - Parameter environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` are read.
    public init(environment: [String: String]? = nil) {
        let environment = ProcessEnvironment(environment)
        socketPath = environment["NOTIFY_SOCKET"]
        let isWatched = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isWatched && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Whether there is a manager to tell.
    public var isActive: Bool { socketPath != nil }

    /// The daemon serves; also ends a reload.
    public func ready() { send("READY=1", patience: Self.patience) }

    /// The daemon is ending.
    public func stopping() { send("STOPPING=1", patience: Self.patience) }

    /// The daemon reads its configuration anew; ``ready()`` says that it has.
    public func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send(
            "RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)",
            patience: Self.patience)
    }

    /// What the daemon is doing, in one line for a person; line breaks become spaces.
    public func status(_ text: String) {
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        send("STATUS=\(line)")
    }

    /// Asks for so much more time, counted from now, to start, reload or stop.
    public func extendTimeout(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let microseconds = overflows ? Int64.max / 2 : product + attoseconds / 1_000_000_000_000
        guard microseconds > 0 else { return }
        send("EXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    /// The daemon has made progress, or has nothing to do.
    public func watchdog() { send("WATCHDOG=1") }

    /// How many seconds a message about a change of state may take.
    private static let patience = 2

    /// Sends a message, within so many seconds or else at once.
    private func send(_ message: String, patience seconds: Int = 0) {
        guard let socketPath else { return }
        var bytes = Array(socketPath.utf8)
        // Other kinds of address (vsock) exist for virtual machines; they are not for services.
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@") else { return }
        // A socket of the abstract name space is written with '@' for its leading NUL, and its name ends with the address.
        let isAbstract = bytes[0] == UInt8(ascii: "@")
        if isAbstract { bytes[0] = 0 }
        var address = sockaddr_un()
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let head = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
        let length = socklen_t(head + bytes.count + (isAbstract ? 0 : 1))

        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let flags = Int32(MSG_NOSIGNAL) | (seconds > 0 ? 0 : Int32(MSG_DONTWAIT))
        let text = Array(message.utf8)
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, flags, $0, length)
            }
        }
    }
}
