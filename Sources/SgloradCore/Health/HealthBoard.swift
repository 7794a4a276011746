internal import ControlProtocol
internal import ErrorModel
internal import Synchronization

/// What is not as it should be at the moment, put there by whoever noticed and taken away when it is gone.
final class HealthBoard: Sendable {
    private let conditions = Mutex<[String: Wire.Condition]>([:])

    /// Makes a board with what was found while the daemon started.
    init(_ initial: [Wire.Condition] = []) {
        conditions.withLock { board in
            for condition in initial { board[condition.name] = condition }
        }
    }

    /// Every condition, by name.
    var all: [Wire.Condition] { conditions.withLock { $0.values.sorted { $0.name < $1.name } } }

    /// Puts a condition up; another of its name is replaced.
    func raise(_ condition: Wire.Condition) {
        conditions.withLock { $0[condition.name] = condition }
    }

    /// Takes a condition down.
    func clear(_ name: String) {
        conditions.withLock { $0[name] = nil }
    }

    /// Puts a condition up where something failed, and takes it down where it went well.
    func report(_ name: String, _ error: SgloradError?, remedy: String) {
        if let error {
            raise(Wire.Condition(name: name, message: error.message, remedy: remedy))
        } else {
            clear(name)
        }
    }
}
