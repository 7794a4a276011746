package import ErrorModel
package import ExpertLibrary
internal import Synchronization

/// A health problem and its remedy.
package struct Condition: Sendable, Hashable {
    /// Identifies the condition; there is at most one of each name at a time.
    package var name: String
    /// What is wrong.
    package var message: String
    /// What an operator can do.
    package var remedy: String

    package init(name: String, message: String, remedy: String) {
        self.name = name
        self.message = message
        self.remedy = remedy
    }

    /// A condition for a problem that a verification found and did not repair.
    package init(remaining problem: LibraryProblem) {
        self.init(
            name: "cache/\(problem.name)", message: "\(problem.name): \(problem.path) \(problem.finding).",
            remedy: problem.remedy)
    }
}

/// The current health conditions: raised when a problem is noticed, cleared when it is gone.
package final class HealthBoard: Sendable {
    private let conditions = Mutex<[String: Condition]>([:])

    /// Creates a board with the conditions found at start-up.
    package init(_ initial: [Condition] = []) {
        conditions.withLock { board in
            for condition in initial { board[condition.name] = condition }
        }
    }

    /// All conditions, sorted by name.
    package var all: [Condition] { conditions.withLock { $0.values.sorted { $0.name < $1.name } } }

    /// Raises a condition, replacing one of the same name.
    package func raise(_ condition: Condition) {
        conditions.withLock { $0[condition.name] = condition }
    }

    /// Clears a condition.
    func clear(_ name: String) {
        conditions.withLock { $0[name] = nil }
    }

    /// Raises a condition for an error; clears it if `error` is nil.
    package func report(_ name: String, _ error: SgloradError?, remedy: String) {
        if let error {
            raise(Condition(name: name, message: error.message, remedy: remedy))
        } else {
            clear(name)
        }
    }
}
