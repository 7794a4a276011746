/// A llama-server in router mode, as the domain sees it.
package protocol ModelRouter: Sendable {
    /// The names that it lists.
    ///
    /// - Parameter reloading: whether it reads its preset file again before, unloading what is no longer in it.
    func names(reloading: Bool) async throws(RouterFailure) -> Set<String>

    /// Unloads a model; one that is not loaded is an error.
    func unload(_ name: String) async throws(RouterFailure)
}

/// Why a router did not do what it was asked.
package struct RouterFailure: Error, Sendable, Hashable {
    /// What was wrong: a sentence.
    package let message: String
    /// What an operator can do: a sentence.
    package let remedy: String

    package init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}
