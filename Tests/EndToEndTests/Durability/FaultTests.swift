import ControlProtocol
import Foundation
import Glibc
import Testing

/// Lets the N-th file operation of the daemon and of its training fail, once or from there on, and looks at what is left.
///
/// `make faults` goes through every N, until a scenario passes without its fault having come.
@Suite(
    "Faults", .timeLimit(.minutes(600)),
    .enabled(if: Places.hasModel, "needs the text encoder: make model"))
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

    /// From one N to the next; without it a spread of three for each kind of fault.
    private static let stride = ProcessInfo.processInfo.environment["SGLORAD_FAULT_STRIDE"].flatMap {
        Int($0)
    }

    @Test("now this operation fails, now that: nothing promised is lost, and the next start is sound")
    func someOperationFails() async throws {
        let total = try await FaultScenario(fault: Fault.all[0], at: 0).run()
        #expect(total > 100, "the operations are seen")
        let tries = 3 * Fault.all.count
        for place in 0..<tries {
            let fault = Fault.all[place % Fault.all.count]
            _ = try await FaultScenario(fault: fault, at: 1 + place * total / tries).run()
        }
    }

    @Test(
        "the N-th file operation fails: nothing promised is lost, and the next start is sound",
        .enabled(if: stride != nil, "takes hours: make faults"), arguments: Fault.all)
    func everyOperationFails(_ fault: Fault) async throws {
        let stride = max(1, Self.stride ?? 1)
        var at = 1 + (Fault.all.firstIndex { $0.testDescription == fault.testDescription } ?? 0) % stride
        var tried = 0
        while try await FaultScenario(fault: fault, at: at).run() >= at {
            at += stride
            tried += 1
        }
        #expect(tried > 0)
        print("faults: \(fault.testDescription): \(tried) operations tried, up to \(at)")
    }
}
