/// Lets all who want to look at one thing look together, so that what a look costs is not multiplied by how many ask.
///
/// Nobody is given what was seen before they asked, unless they say how old it may be: of any number who ask at once, all but
/// those who began it wait for the look that is under way, and then share the next.
actor SharedLook<View: Sendable> {
    private let look: @Sendable () async throws -> View
    private var last: (begun: ContinuousClock.Instant, view: View)?
    private var underWay: (begun: ContinuousClock.Instant, task: Task<View, any Error>)?
    private var next: Task<View, any Error>?

    /// Makes it of what a look does.
    init(_ look: @escaping @Sendable () async throws -> View) {
        self.look = look
    }

    /// What there is to see.
    ///
    /// - Parameter age: how long ago the look may have been begun; zero for one that is begun after the call.
    func view(noOlderThan age: Duration = .zero) async throws -> View {
        let earliest = ContinuousClock.now - age
        if let last, last.begun >= earliest { return last.view }
        if let underWay, underWay.begun >= earliest { return try await underWay.task.value }
        if let next { return try await next.value }
        let before = underWay?.task
        // Not the caller's own: whoever else waits for it must not lose it when the caller goes away.
        let task = Task {
            _ = await before?.result
            return try await self.take()
        }
        next = task
        return try await task.value
    }

    /// Runs as the task `next`, which it makes the one under way.
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
