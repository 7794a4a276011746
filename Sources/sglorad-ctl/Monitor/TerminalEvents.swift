internal import Dispatch
internal import Glibc

/// Watches a terminal's signals and keys, until it is ended.
final class TerminalEvents {
    /// What a terminal's user does.
    enum Event: Sendable, Hashable {
        /// A signal that ends the program.
        case ended(Int32)
        /// The window has another size, or the program goes on after a stop.
        case redraw
        /// Ctrl-Z.
        case suspend
        case key(UInt8)
    }

    private static let ending = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private let signals: [any DispatchSourceSignal]
    private let keyboard: (any DispatchSourceRead)?

    /// Begins to watch; `handle` is called on a queue of its own.
    init(_ handle: @escaping @Sendable (Event) -> Void) {
        let queue = DispatchQueue(label: "io.sglorad.terminal")
        let events: [(Int32, Event)] =
            Self.ending.map { ($0, .ended($0)) }
            + [(SIGWINCH, .redraw), (SIGCONT, .redraw), (SIGTSTP, .suspend)]
        signals = events.map { number, event in
            // A source sees a signal only where its default action does not happen.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { handle(event) }
            source.resume()
            return source
        }
        guard isatty(STDIN_FILENO) == 1 else {
            keyboard = nil
            return
        }
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 64)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            // The terminal has gone.
            guard count > 0 else { return handle(.ended(SIGHUP)) }
            for byte in bytes.prefix(count) { handle(.key(byte)) }
        }
        source.resume()
        keyboard = source
    }

    /// Stops watching; the signals have their default actions again.
    func end() {
        for source in signals { source.cancel() }
        keyboard?.cancel()
        for number in Self.ending + [SIGWINCH, SIGCONT, SIGTSTP] { signal(number, SIG_DFL) }
    }
}
