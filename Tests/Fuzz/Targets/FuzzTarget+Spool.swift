import ErrorModel
import Foundation
import SgloradInterface
import Varlink

extension FuzzTarget {
    /// Spool files: a valid intent survives a round trip, anything else is rejected with a short message of
    /// ours.
    static let spool = FuzzTarget(name: "spool") { bytes in
        do {
            let intent = try SpoolIntent.read(Array(bytes))
            guard let again = try? SpoolIntent.read(Array(JSONEncoder().encode(intent))) else {
                preconditionFailure("an intent cannot be decoded again")
            }
            precondition(again == intent)
        } catch let error as SgloradError {
            precondition(error.code == .invalidIntent && error.message.utf8.count < 256)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}
