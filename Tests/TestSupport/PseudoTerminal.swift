internal import Foundation
internal import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A program in a real pseudo-terminal, and what its screen shows.
public final class PseudoTerminal: Sendable {
    /// TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)): unlock the other end, and tell its number.
    private static let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    private let master: Int32
    private let screen: Mutex<EmulatedScreen>

    /// Runs a program as the leader of a terminal's session while `body` runs, and waits for its end.
    ///
    /// Where `body` throws, the program is killed.
    ///
    /// - Returns: the exit status, or 128 and the number of the signal that ended the program.
    public static func run(
        _ command: [String], columns: Int, rows: Int, environment: [String: String],
        _ body: @Sendable (PseudoTerminal, _ process: Int32) async throws -> Void
    ) async throws -> Int32 {
        let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (unlocked, number): (Int32, UInt32) = (0, 0)
        guard master >= 0, ioctl(master, setLock, &unlocked) == 0, ioctl(master, getNumber, &number) == 0
        else { throw Errno(rawValue: errno) }
        let terminal = PseudoTerminal(master: master, columns: columns, rows: rows)
        let slave = try FileDescriptor.open(
            FilePath("/dev/pts/\(number)"), .readWrite, options: .init(rawValue: O_NOCTTY))
        let reader = Task.detached { try? await onOwnThread { terminal.read() } }
        defer { close(master) }
        // setsid gives the program the terminal, so that the terminal's signals reach it.
        let result = try await Subprocess.run(
            .path("/usr/bin/setsid"), arguments: Arguments(["--ctty", "--wait"] + command),
            environment: .inheriting(environment),
            input: .fileDescriptor(slave, closeAfterSpawningProcess: false),
            output: .fileDescriptor(slave, closeAfterSpawningProcess: false),
            error: .fileDescriptor(slave, closeAfterSpawningProcess: false)
        ) { execution in
            let process = execution.processIdentifier.value
            do {
                try await body(terminal, process)
            } catch {
                kill(process, SIGKILL)
                throw error
            }
        }
        try slave.close()
        _ = await reader.value
        return result.terminationStatus.shellStatus
    }

    private init(master: Int32, columns: Int, rows: Int) {
        self.master = master
        screen = Mutex(EmulatedScreen(columns: columns, rows: rows))
        setWindow(columns, rows)
    }

    private func setWindow(_ columns: Int, _ rows: Int) {
        var size = winsize(
            ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Gives the window another size; the program gets SIGWINCH.
    public func resize(columns: Int, rows: Int) {
        screen.withLock { $0.resize(columns: columns, rows: rows) }
        setWindow(columns, rows)
    }

    /// Types keys.
    public func type(_ keys: String) {
        let bytes = Array(keys.utf8)
        _ = Glibc.write(master, bytes, bytes.count)
    }

    /// Reads what the program writes until all its ends of the terminal are closed.
    private func read() {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(master, &bytes, bytes.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            screen.withLock { $0.write(bytes[..<count]) }
        }
    }

    /// The lines that the screen shows, without spaces at their ends.
    public var lines: [String] { screen.withLock { $0.lines } }
    /// Everything that the screen shows.
    public var text: String { lines.joined(separator: "\n") }
    /// Whether a line with this prefix was ever shown.
    public func hasShown(_ prefix: String) -> Bool {
        screen.withLock { $0.shown.contains { $0.hasPrefix(prefix) } }
    }
    /// Whether the alternate screen is shown.
    public var isAlternate: Bool { screen.withLock { $0.isAlternate } }
    /// Whether the cursor is shown.
    public var hasCursor: Bool { screen.withLock { $0.hasCursor } }
    /// Whether a colour was ever set.
    public var hasColours: Bool { screen.withLock { $0.hasColours } }
    /// The control sequences that the screen does not know.
    public var unknown: [String] { screen.withLock { $0.unknown } }
    /// Whether the terminal echoes what is typed, as it does at first.
    public var echoes: Bool {
        var settings = termios()
        return tcgetattr(master, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }
}
