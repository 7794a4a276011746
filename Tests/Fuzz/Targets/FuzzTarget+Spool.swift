import ControlProtocol
import ErrorModel
import Foundation

extension FuzzTarget {
    /// The files that programs drop into the spool: what is an intent says the same when it is written and read again, and
    /// what is none is refused as one, in words that are ours.
    static let spool = FuzzTarget(name: "spool") { bytes in
        do {
            let intent = try SpoolIntent.read(Array(bytes))
            guard let again = try? SpoolIntent.read(Array(JSONEncoder().encode(intent))) else {
                preconditionFailure("what was read cannot be read again")
            }
            precondition(again == intent)
        } catch let error as SgloradError {
            precondition(error.code == .invalidIntent && error.message.utf8.count < 256)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
