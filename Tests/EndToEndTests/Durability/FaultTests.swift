import ControlProtocol
import Foundation
import Glibc
import Testing

/// Lets the N-th file operation of the daemon and of its training fail, once or from there on, and looks at what is left.
///
/// `make faults` goes through every N, until a scenario passes without its fault having come.
@Suite(
    "Faults", .timeLimit(.minutes(600)), .enabled(if: Places.hasModel, "needs the text encoder: make model"))
struct FaultTests {
    /// What fails how.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let number: Int32
        let lasts: Bool
        var testDescription: String { "\(name) \(lasts ? "from there on" : "once")" }

        static let all = [
            Fault(name: "EIO", number: EIO, lasts: false), Fault(name: "EIO", number: EIO, lasts: true),
            Fault(name: "ENOSPC", number: ENOSPC, lasts: false),
            Fault(name: "ENOSPC", number: ENOSPC, lasts: true),
            Fault(name: "EROFS", number: EROFS, lasts: false),
            Fault(name: "EROFS", number: EROFS, lasts: true),
        ]
    }

    private static let isComplete = ProcessInfo.processInfo.environment["SGLORAD_FAULTS"] == "all"

    @Test(
        "the N-th file operation fails: nothing promised is lost, and the next start is sound",
        arguments: Fault.all)
    func operationFails(_ fault: Fault) async throws {
        let total = try await FaultScenario(fault: fault, at: 0).run()
        #expect(total > 100, "the operations are seen")
        // Every N, or a spread that is another for each kind of fault.
        let place = Fault.all.firstIndex { $0.testDescription == fault.testDescription } ?? 0
        let stride = Self.isComplete ? 1 : total / 3
        var at = Self.isComplete ? 1 : 1 + place * stride / Fault.all.count
        while true {
            let operations = try await FaultScenario(fault: fault, at: at).run()
            if operations < at { break }
            at += stride
        }
        print("faults: \(fault.testDescription): \(total) operations, up to \(at) tried")
    }
}
