public import ErrorModel

/// Runs one computation at a time. Whoever waits stands in a line, and the lines take turns, so that a long line
/// holds up a short one by one computation only.
public actor FairTurns<Line: Hashable & Sendable> {
    private struct Waiter {
        let number: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private var isBusy = false
    private var waiting: [Line: [Waiter]] = [:]
    /// The lines in which somebody waits; the first is next.
    private var order: [Line] = []
    private var issued = 0

    /// How many wait for their turn.
    var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// Makes turns that nobody has.
    public init() {}

    /// Runs `body` when it is its turn.
    ///
    /// - Parameters:
    ///   - line: the line to stand in, such as a user or an activity.
    ///   - body: the computation.
    /// - Throws: what `body` throws; `cancelled` if the task was cancelled before its turn came.
    public nonisolated func take<T: Sendable>(
        in line: Line, _ body: () async throws(SgloradError) -> T
    ) async throws(SgloradError) -> T {
        guard await begin(line) else { throw .cancelled("the caller stopped waiting") }
        do throws(SgloradError) {
            let result = try await body()
            await end()
            return result
        } catch {
            await end()
            throw error
        }
    }

    private func begin(_ line: Line) async -> Bool {
        guard isBusy else {
            isBusy = true
            return true
        }
        issued += 1
        let number = issued
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: false)
                } else {
                    if waiting[line] == nil { order.append(line) }
                    waiting[line, default: []].append(Waiter(number: number, continuation: continuation))
                }
            }
        } onCancel: {
            Task { await self.giveUp(number, line) }
        }
    }

    /// Hands the turn to the first of the next line.
    private func end() {
        guard !order.isEmpty else {
            isBusy = false
            return
        }
        let line = order.removeFirst()
        let next = waiting[line]?.removeFirst()
        if waiting[line]?.isEmpty == true { waiting[line] = nil } else { order.append(line) }
        next?.continuation.resume(returning: true)
    }

    private func giveUp(_ number: Int, _ line: Line) {
        guard let place = waiting[line]?.firstIndex(where: { $0.number == number }) else { return }
        let waiter = waiting[line]?.remove(at: place)
        if waiting[line]?.isEmpty == true {
            waiting[line] = nil
            order.removeAll { $0 == line }
        }
        waiter?.continuation.resume(returning: false)
    }
}
