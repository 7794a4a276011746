import Foundation
import Glibc
import SgloradInterface
import SpoolForms
import TestSupport
import Testing
import Varlink

/// Makes the N-th file operation of the daemon and its training child fail, once or from there on, and checks the state.
///
/// `make faults` tries every N until a run is too short to reach its fault.
@Suite("Faults", .timeLimit(.minutes(600)), .needsModel)
struct FaultTests {
    /// A kind of failure.
    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let number: Int32
        let lasts: Bool
        var testDescription: String { "\(name) \(lasts ? "permanently" : "once")" }

        static let all = [
            Fault(name: "EIO", number: EIO, lasts: false), Fault(name: "EIO", number: EIO, lasts: true),
            Fault(name: "ENOSPC", number: ENOSPC, lasts: false),
            Fault(name: "ENOSPC", number: ENOSPC, lasts: true),
            Fault(name: "EROFS", number: EROFS, lasts: false),
            Fault(name: "EROFS", number: EROFS, lasts: true),
        ]
    }

    /// The step from one N to the next; unset, three operations are tried for each kind of failure.
    private static let stride = ProcessInfo.processInfo.environment["SGLORAD_FAULT_STRIDE"].flatMap {
        Int($0)
    }

    @Test("a sample of failing file operations loses nothing acknowledged, and the next start is clean")
    func someOperationFails() async throws {
        let total = try await FaultScenario(fault: Fault.all[0], at: 0).run()
        #expect(total > 100, "the operations are counted")
        let tries = 3 * Fault.all.count
        for place in 0..<tries {
            let fault = Fault.all[place % Fault.all.count]
            _ = try await FaultScenario(fault: fault, at: 1 + place * total / tries).run()
        }
    }

    @Test(
        "any failing file operation loses nothing acknowledged, and the next start is clean",
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
