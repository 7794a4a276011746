/// Which tasks are judged in which part of an evaluation, and which are not.
struct EvaluationParts: Sendable {
    /// Tasks that no expert was trained on.
    let heldOut: [EvaluationTask]
    /// Tasks that an expert of the same name was trained on.
    let leaveOut: [EvaluationTask]
    /// Why other tasks are not judged.
    let notes: [String]

    /// Sorts tasks by what they say and by the names of the experts.
    init(_ tasks: [EvaluationTask], experts: Set<String>, options: EvaluationOptions) {
        var (heldOut, leaveOut): ([EvaluationTask], [EvaluationTask]) = ([], [])
        var (unknown, seen): ([String], [String]) = ([], [])
        for task in tasks {
            switch (experts.contains(task.name), task.split) {
            case (false, .expert): unknown.append(task.name)
            case (true, .heldOut): seen.append(task.name)
            case (true, _): leaveOut.append(task)
            case (false, _): heldOut.append(task)
            }
        }
        self.heldOut = options.heldOut ? heldOut : []
        self.leaveOut = options.leaveOut ? leaveOut : []
        var notes: [String] = []
        if !unknown.isEmpty, options.leaveOut {
            notes.append(
                "\(Self.count(unknown)) not judged, as the split is expert and no expert of the name is in the library: "
                    + unknown.joined(separator: ", "))
        }
        if !seen.isEmpty {
            notes.append(
                "\(Self.count(seen)) not judged, as the split is heldout and an expert of the name was trained on it: "
                    + seen.joined(separator: ", "))
        }
        self.notes = notes
    }

    private static func count(_ names: [String]) -> String {
        names.count == 1 ? "1 task is" : "\(names.count) tasks are"
    }
}
