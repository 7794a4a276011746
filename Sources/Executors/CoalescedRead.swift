/// Coalesces concurrent reads of one expensive view, so that the cost does not grow with the number of
/// callers.
///
/// A caller never gets a view that is older than it allows. Callers that arrive while a read is running wait
/// for it and then share the next read.
public actor CoalescedRead<View: Sendable> {
    private let look: @Sendable () async throws -> View
    private var last: (begun: ContinuousClock.Instant, view: View)?
    private var underWay: (begun: ContinuousClock.Instant, task: Task<View, any Error>)?
    private var next: Task<View, any Error>?

    /// - Parameter look: reads the view; never runs twice at the same time.
    public init(_ look: @escaping @Sendable () async throws -> View) {
        self.look = look
    }

    /// The view, read now or recently enough.
    ///
    /// - Parameter age: the longest acceptable time since the start of the read; zero for a read that starts
    ///   after the call.
    /// - Throws: what the read throws.
    public func view(noOlderThan age: Duration = .zero) async throws -> View {
        let earliest = ContinuousClock.now - age
        if let last, last.begun >= earliest { return last.view }
        if let underWay, underWay.begun >= earliest { return try await underWay.task.value }
        if let next { return try await next.value }
        let before = underWay?.task
        // Unstructured: cancelling one caller must not cancel the read for the others that wait for it.
        let task = Task {
            _ = await before?.result
            return try await self.take()
        }
        next = task
        return try await task.value
    }

    /// The body of the task `next`, which becomes `underWay`.
    private func take() async throws -> View {
        let begun = ContinuousClock.now
        underWay = next.map { (begun, $0) }
        next = nil
        defer { underWay = nil }
        let view = try await look()
        last = (begun, view)
        return view
    }
}
