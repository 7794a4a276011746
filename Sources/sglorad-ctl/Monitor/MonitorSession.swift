internal import ErrorModel
internal import FoundationEssentials
internal import Glibc

/// Shows a monitor's screen until the user leaves it.
struct MonitorSession {
    private enum Event: Sendable {
        case feed(MonitorFeed.Event)
        case terminal(TerminalEvents.Event)
        /// Time has passed.
        case tick
    }

    /// The least time between two drawings, and the most.
    private static let (least, most) = (Duration.milliseconds(50), Duration.seconds(1))

    let path: String

    /// Runs until `q`, an ending signal, or a failure; the terminal is then as it was.
    ///
    /// - Returns: the signal that ended it; nil for `q`.
    /// - Throws: a `Failure` if the daemon cannot be used, `storageFailure` if the terminal has gone.
    func run() async throws -> Int32? {
        let (events, sink) = AsyncStream.makeStream(of: Event.self)
        let terminal = TerminalEvents { sink.yield(.terminal($0)) }
        defer { terminal.end() }
        let feed = Task { [path] in await MonitorFeed(path: path) { sink.yield(.feed($0)) }.run() }
        defer { feed.cancel() }
        let clock = Task {
            while (try? await Task.sleep(for: Self.most)) != nil { sink.yield(.tick) }
        }
        defer { clock.cancel() }
        let screen = TerminalScreen()
        defer { screen.leave() }
        return try await show(events, on: screen) {
            // A burst of changes is drawn once.
            Task {
                try? await Task.sleep(for: Self.least)
                sink.yield(.tick)
            }
        }
    }

    private func show(
        _ events: AsyncStream<Event>, on screen: TerminalScreen, drawSoon: () -> Void
    ) async throws -> Int32? {
        var board = MonitorBoard(path: path)
        var last = ContinuousClock.now - Self.most
        var isPending = false
        for await event in events {
            switch event {
            case .feed(.failed(let failure)): throw failure
            // Until then, a failure is printed as every command's.
            case .feed(.connected(let status, let requests)):
                try screen.enter()
                board.connected(status, requests, at: Date())
            case .feed(.changed(let reply)): board.changed(reply)
            case .feed(.polled(let poll)): board.polled(poll)
            case .feed(.lost(let failure)): board.lost(failure.message, at: Date())
            case .terminal(.ended(let signal)): return signal
            case .terminal(.key(UInt8(ascii: "q"))), .terminal(.key(UInt8(ascii: "Q"))): return nil
            case .terminal(.suspend):
                screen.leave()
                // Sent to this thread, which goes no further; sent to the process, another one might stop first.
                raise(SIGSTOP)
                if board.link != .connecting { try screen.enter() }
                screen.forget()
            // Ctrl-L draws everything anew, too.
            case .terminal(.redraw), .terminal(.key(12)): screen.forget()
            case .terminal(.key): continue
            case .tick: isPending = false
            }
            guard board.link != .connecting else { continue }
            let now = ContinuousClock.now
            guard now - last >= Self.least else {
                if !isPending { drawSoon() }
                isPending = true
                continue
            }
            last = now
            let size = screen.size
            try screen.draw(MonitorLayout(board: board, size: size, now: Date()).lines, size: size)
        }
        return nil
    }
}
