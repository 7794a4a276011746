import SgloradClient

/// Makes an adapter for a task given on the command line, and shows what it changes.
///
///     route "match definitions of birds to their names" "a wading bird with a long neck" heron trout
///
/// The first argument is the task, the second a text, the others the answers it is compared with.
@main
struct Route {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard let task = arguments.first, arguments.count >= 3 else {
            return print("usage: route TASK TEXT ANSWER…")
        }
        let texts = Array(arguments.dropFirst())
        let client = SgloradClient(patience: .seconds(60))
        do {
            // The key makes it safe to run the program again, and to restart the daemon meanwhile.
            let adapter = try await client.request(
                .init(task, label: "route"), idempotencyKey: "route: \(task)",
                progress: { print("… \($0.state.rawValue)") })
            print("adapter \(adapter.id), guided by \(adapter.guidance.map(\.name).joined(separator: ", "))")
            let plain = try await client.encode(texts)
            let adapted = try await client.encode(texts, adapter: adapter.id)
            for (index, answer) in texts.enumerated().dropFirst() {
                let before = cosine(plain[0], plain[index])
                let after = cosine(adapted[0], adapted[index])
                print("\(answer): \(rounded(before)) without the adapter, \(rounded(after)) with it")
            }
        } catch SgloradClient.Failure.refused(let refusal) {
            print("refused; the nearest expert is \(refusal.nearest), at \(rounded(refusal.proximity))")
        } catch let failure as SgloradClient.Failure where failure.isTransient {
            print("ask again later: \(failure)")
        } catch {
            print("failed: \(error)")
        }
    }

    /// The cosine of two unit vectors.
    private static func cosine(_ left: SgloradClient.Embedding, _ right: SgloradClient.Embedding) -> Double {
        zip(left.values, right.values).reduce(0) { $0 + $1.0 * $1.1 }
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}
