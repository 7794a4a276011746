import SgloradInterface
import Synchronization
import Testing
import Varlink

@testable import sglorad_ctl

/// Progress lines on terminals and in logs.
@Suite struct ProgressTests {
    /// Records what is written, in order.
    final class Sink: Sendable {
        let texts = Mutex<[String]>([])
        func write(_ text: String) { texts.withLock { $0.append(text) } }
        var all: [String] { texts.withLock { $0 } }
    }

    private func state(_ step: Int, of total: Int, loss: Double? = 0.43117, left: Double? = 12)
        -> Wire.TrainingProgress
    {
        Wire.TrainingProgress(stage: "training", step: step, total: total, loss: loss, secondsLeft: left)
    }

    @Test func lineHoldsStepLossAndTimeLeft() {
        #expect(
            Progress.line(state(300, of: 600), columns: 100)
                == "training [##########..........]  50 %, step 300 of 600, loss 0.4312, 12 s left")
        #expect(
            Progress.line(state(0, of: 600, loss: nil, left: nil), columns: 100)
                == "training [....................]   0 %, step 0 of 600")
        #expect(Progress.line(state(600, of: 600, loss: nil, left: nil), columns: 100).contains("] 100 %"))
    }

    @Test func narrowTerminalGetsNoBar() {
        for columns in [1, 40, 64, 70, 80, 90, 200] {
            let line = Progress.line(state(300, of: 600), columns: columns)
            #expect(line.contains("step 300 of 600, loss 0.4312, 12 s left"))
            #expect(line.count < columns || !line.contains("["))
        }
        #expect(Progress.line(state(300, of: 600), columns: 90).contains("["))
        #expect(!Progress.line(state(300, of: 600), columns: 40).contains("["))
    }

    @Test func invalidFiguresAreTolerated() {
        #expect(Progress.line(state(5, of: 0), columns: 80) == "training")
        #expect(Progress.line(state(-5, of: 10), columns: 80).contains("  0 %"))
        #expect(Progress.line(state(50, of: 10, loss: .nan, left: .infinity), columns: 100).contains("100 %"))
        #expect(Progress.line("x", fraction: .nan, figures: "y", columns: 80).contains("  0 %"))
    }

    @Test func terminalLineIsUpdatedInPlace() {
        let sink = Sink()
        var progress = Progress(otherwise: .everyTenth, isTerminal: true, write: sink.write)
        progress.show("one\u{1B}", fraction: 0)
        progress.show("two", fraction: 0)
        progress.clear()
        progress.clear()
        #expect(sink.all == ["\rone\\u{1B}\u{1B}[K", "\rtwo\u{1B}[K", "\r\u{1B}[K"])
    }

    @Test func logGetsALinePerTenth() {
        let sink = Sink()
        var progress = Progress(otherwise: .everyTenth, isTerminal: false, write: sink.write)
        for step in 0...1000 { progress.show("step \(step)", fraction: Double(step) / 1000) }
        progress.clear()
        #expect(sink.all == (0...10).map { "step \($0 * 100)\n" })
    }

    @Test func logGetsNothingIfNotWanted() {
        let sink = Sink()
        var progress = Progress(otherwise: .nothing, isTerminal: false, write: sink.write)
        progress.show("x", fraction: 1)
        progress.clear()
        #expect(sink.all.isEmpty)
    }
}
