package import ErrorModel
package import ExpertLibrary
package import Files
internal import Synchronization

/// A health problem and its remedy.
package struct Condition: Sendable, Hashable {
    /// Who is told of a condition, besides administrators.
    package enum Audience: Sendable, Hashable {
        /// Nobody: the text may name what belongs to a user, or how much there is of it.
        case administrators
        /// The user whom it concerns alone.
        case owner(UserID)
        /// Every user: it concerns all, and names nothing of anybody's.
        case everybody
        /// Every user, in these words instead of the message, which may name what belongs to a user.
        case summary(String)
    }

    /// Identifies the condition; there is at most one of each name at a time.
    package var name: String
    /// What is wrong.
    package var message: String
    /// What an operator can do.
    package var remedy: String
    /// Who is told of it, besides administrators.
    package var audience: Audience

    package init(
        name: String, message: String, remedy: String, audience: Audience = .administrators
    ) {
        self.name = name
        self.message = message
        self.remedy = remedy
        self.audience = audience
    }

    /// A condition for a problem that a verification found and did not repair.
    ///
    /// - Parameter owner: the user whose adapter it concerns, if it is known.
    package init(remaining problem: LibraryProblem, owner: UserID? = nil) {
        let audience: Audience =
            switch problem.subject {
            case .expert, .reference, .generator: .everybody
            case .adapter: owner.map { .owner($0) } ?? .administrators
            case .unreferenced, .database, .row: .administrators
            }
        self.init(
            name: "cache/\(problem.name)", message: "\(problem.name): \(problem.path) \(problem.finding).",
            remedy: problem.remedy, audience: audience)
    }

    /// The condition as a caller is told of it; nil if they are not.
    package func told(to caller: Caller) -> Condition? {
        guard !caller.isAdministrator else { return self }
        switch audience {
        case .administrators: return nil
        case .owner(let owner): return caller.sees(owner) ? self : nil
        case .everybody: return self
        case .summary(let text):
            var condition = self
            condition.message = text
            return condition
        }
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
    package func report(
        _ name: String, _ error: SgloradError?, remedy: String,
        audience: Condition.Audience = .administrators
    ) {
        if let error {
            raise(Condition(name: name, message: error.message, remedy: remedy, audience: audience))
        } else {
            clear(name)
        }
    }
}
