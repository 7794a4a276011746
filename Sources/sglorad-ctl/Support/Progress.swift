internal import SgloradInterface
internal import Varlink

/// Shows the progress of a long call on standard error: in place on a terminal, otherwise optionally one line for every
/// tenth.
struct Progress {
    /// What is shown if standard error is not a terminal.
    enum Otherwise {
        case nothing
        case everyTenth
    }

    private let isTerminal: Bool
    private let otherwise: Otherwise
    private let write: (String) -> Void
    private var lastTenth = -1
    private var isShown = false

    /// Creates a progress line; tests replace the parameters after the first.
    init(
        otherwise: Otherwise, isTerminal: Bool = StandardError.isTerminal,
        write: @escaping (String) -> Void = StandardError.write
    ) {
        self.otherwise = otherwise
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Shows a line; `fraction`, from 0 to 1, decides whether another tenth is reached.
    mutating func show(_ line: String, fraction: Double) {
        let line = SafeText(line).description
        if isTerminal {
            // Return to the start of the line, and clear the rest of a longer one.
            write("\r\(line)\u{1B}[K")
            isShown = true
        } else if otherwise == .everyTenth {
            let tenth = fraction.isFinite ? Int((min(1, max(0, fraction)) * 10).rounded(.down)) : 0
            guard tenth > lastTenth else { return }
            lastTenth = tenth
            write("\(line)\n")
        }
    }

    /// Shows the progress of a transfer of `total` bytes.
    mutating func show(_ word: String, bytes: Int, of total: Int) {
        let fraction = Double(bytes) / Double(max(1, total))
        let figures = "\(Format.bytes(bytes)) of \(Format.bytes(total))"
        show(
            Progress.line(word, fraction: fraction, figures: figures, columns: StandardError.columns),
            fraction: fraction)
    }

    /// Clears the line, so that the next output starts at its beginning.
    mutating func clear() {
        guard isShown else { return }
        write("\r\u{1B}[K")
        isShown = false
    }
}

/// What the daemon reports about the progress of a long call.
protocol ProgressState {
    var stage: String { get }
    /// The number of completed units.
    var completed: Int { get }
    /// The number of all units; 0 while it is unknown.
    var total: Int { get }
    /// The progress in words, such as `step 300 of 600`.
    var figures: String { get }
    /// The estimated remaining time in seconds.
    var secondsLeft: Double? { get }
}

extension Wire.TrainingProgress: ProgressState {
    var completed: Int { step }
    var figures: String {
        "\(stage == "choosing" || stage == "judging" ? "answer" : "step") \(step) of \(total)"
            + (loss.map { ", loss \(Format.significant($0))" } ?? "")
    }
}

extension Wire.EvaluationProgress: ProgressState {
    var completed: Int { done }
    var figures: String {
        let units = ["training": "steps", "answering": "answers"]
        return "\(done) of \(total) \(units[stage] ?? "texts")"
    }
}

extension ProgressState {
    /// The completed fraction; 0 while the total is unknown.
    var fraction: Double { total > 0 ? Double(completed) / Double(total) : 0 }
}

extension Progress {
    /// `training [#####.....]  50 %, step 300 of 600, loss 0.4312, 12 s left`; without the bar on a narrow terminal.
    static func line(_ state: some ProgressState, columns: Int) -> String {
        guard state.total > 0 else { return state.stage }
        let left = state.secondsLeft.map { ", \(Format.duration($0)) left" } ?? ""
        return line(state.stage, fraction: state.fraction, figures: state.figures + left, columns: columns)
    }

    /// A word, a bar and figures; the bar is omitted if the line would not fit the terminal.
    static func line(_ word: String, fraction: Double, figures: String, columns: Int) -> String {
        let share = fraction.isFinite ? min(1, max(0, fraction)) : 0
        let percentage = String(Int(share * 100))
        let percent = String(repeating: " ", count: 3 - percentage.count) + percentage + " %"
        let width = 20
        guard SafeText("\(word) [] \(percent), \(figures)").width + width < columns else {
            return "\(word) \(percent), \(figures)"
        }
        let filled = Int(share * Double(width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: width - filled)
        return "\(word) [\(bar)] \(percent), \(figures)"
    }
}

extension VarlinkClient {
    /// Follows a long call on standard error and returns the first reply that holds its result.
    ///
    /// - Parameters:
    ///   - work: names the work in the error of a stream that ends without a result, such as "training".
    ///   - progress: the progress that a reply reports, if it does.
    ///   - isResult: whether a reply holds the result.
    func follow<Method: VarlinkMethod>(
        _ method: Method.Type, _ parameters: Method.Parameters, work: String,
        progress state: (Method.Reply) -> (some ProgressState)?, until isResult: (Method.Reply) -> Bool
    ) async throws -> Method.Reply {
        var progress = Progress(otherwise: .everyTenth)
        defer { progress.clear() }
        var stage: String?
        for try await reply in stream(method, parameters) {
            if isResult(reply) { return reply }
            guard let state = state(reply) else { continue }
            if state.stage != stage {
                // Every stage counts its own tenths.
                progress.clear()
                progress = Progress(otherwise: .everyTenth)
                stage = state.stage
            }
            progress.show(
                Progress.line(state, columns: StandardError.columns), fraction: state.fraction)
        }
        throw Failure.incomplete(work)
    }
}
