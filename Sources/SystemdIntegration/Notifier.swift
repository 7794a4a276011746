internal import Glibc

/// Notifies the service manager of the daemon's state, by the protocol of sd_notify(3).
///
/// Without `NOTIFY_SOCKET` in the environment every call does nothing. No call fails or hangs if the manager
/// does not read: sending a change of state, which the manager waits for, may take up to two seconds, and any
/// other message that cannot be sent at once is dropped.
public struct Notifier: Sendable {
    /// The time without ``watchdog()`` after which the manager considers the daemon hung; nil if it does not
    /// watch this process.
    ///
    /// Call ``watchdog()`` at least twice per interval.
    public let watchdogInterval: Duration?

    private let socketPath: String?

    /// Creates a notifier.
    ///
    /// - Parameter environment: the source of `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`; nil reads
    ///   the environment of this process.
    public init(environment: [String: String]? = nil) {
        let environment = ProcessEnvironment(environment)
        socketPath = environment["NOTIFY_SOCKET"]
        let isWatched = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        watchdogInterval = isWatched && microseconds > 0 ? .microseconds(microseconds) : nil
    }

    /// Whether there is a manager to notify.
    public var isActive: Bool { socketPath != nil }

    /// Reports that the daemon has started, or that a reload has finished.
    public func ready() { send("READY=1", patience: Self.patience) }

    /// Reports that the daemon is shutting down.
    public func stopping() { send("STOPPING=1", patience: Self.patience) }

    /// Reports that the daemon is reloading its configuration; ``ready()`` reports the end of the reload.
    public func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send(
            "RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1_000)",
            patience: Self.patience)
    }

    /// Reports what the daemon is doing, as one line for people; control characters become spaces.
    public func status(_ text: String) {
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }))
        send("STATUS=\(line)")
    }

    /// Extends the timeout of starting, reloading or stopping to this time from now.
    public func extendTimeout(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let microseconds = overflows ? Int64.max / 2 : product + attoseconds / 1_000_000_000_000
        guard microseconds > 0 else { return }
        send("EXTEND_TIMEOUT_USEC=\(microseconds)")
    }

    /// Reports that the daemon is alive: that it has made progress or is idle.
    public func watchdog() { send("WATCHDOG=1") }

    /// The number of seconds that sending a change of state may take.
    private static let patience = 2

    /// Sends a message, waiting up to `seconds` for the manager, or not at all if 0.
    private func send(_ message: String, patience seconds: Int = 0) {
        guard let socketPath else { return }
        var bytes = Array(socketPath.utf8)
        // Other kinds of address (vsock) are for virtual machines, not for services.
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "/") || bytes[0] == UInt8(ascii: "@") else { return }
        // An abstract socket is written with '@' for its leading NUL, and its name is not NUL-terminated.
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
