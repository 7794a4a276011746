internal import Dispatch
internal import ErrorModel
internal import Foundation
internal import Generation
internal import LinearAlgebra
internal import SemanticGuidance
internal import Synthetic
internal import TextEncoding

/// Measures inside the product's modules, for `make bench`; prints one line of JSON, times in milliseconds.
///
///     probe encode MODEL TEXT COUNT PRECISION
///     probe generate PARAMETERS DIRECTIONS FOLDER
///     probe guide EXPERTS FOLDER
@main
struct Probe {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "encode" where words.count == 5:
            try encode(
                model: words[1], text: words[2], count: Int(words[3]) ?? 100,
                EncoderPrecision(rawValue: words[4]) ?? .standard)
        case "generate" where words.count == 4:
            try generate(parameters: Int(words[1]) ?? 0, directions: Int(words[2]) ?? 0, folder: words[3])
        case "guide" where words.count == 3:
            try guide(experts: Int(words[1]) ?? 0, folder: words[2])
        default:
            FileHandle.standardError.write(
                Data(
                    """
                    usage: probe encode MODEL TEXT COUNT PRECISION | generate PARAMETERS DIRECTIONS FOLDER
                         | guide EXPERTS FOLDER

                    """.utf8))
            exit(64)
        }
    }

    private static func encode(
        model: String, text: String, count: Int, _ precision: EncoderPrecision
    ) throws {
        let encoder = try SentenceEncoder(folder: model, precision: precision)
        let tokens = try encoder.encode(text).tokenCount
        for _ in 0..<5 { _ = try encoder.encode(text) }
        let times = try measured(count) { _ = try encoder.encode(text) }
        report(["tokens": Double(tokens), "p50": times[count / 2], "minimum": times[0]])
    }

    /// Generation beside a plain read of U, in turns.
    private static func generate(parameters: Int, directions: Int, folder: String) throws {
        let made = try SyntheticGenerator(parameters: parameters, directions: directions, folder: folder)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 2 * parameters * directions, alignment: 64)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 60, count: 2 * parameters * directions)
        let source = UnsafeRawPointer(memory)
        let threads = parameters < 1 << 19 ? 1 : ProcessInfo.processInfo.activeProcessorCount
        var (generating, reading): ([Double], [Double]) = ([], [])
        for seed in 0..<(parameters < 1 << 20 ? 300 : 7) {
            generating += try measured(1) {
                _ = try made.generator.parameters(
                    guidedBy: made.neighbourhood, in: made.library, seed: UInt64(seed))
            }
            reading += measured(1) { read(source, 2 * parameters * directions, threads: threads) }
        }
        generating.sort()
        reading.sort()
        report([
            "generate": generating[generating.count / 2], "read": reading[reading.count / 2],
            "generateMinimum": generating[0], "readMinimum": reading[0], "threads": Double(threads),
        ])
    }

    /// Guidance by a library of experts alone, its embeddings in a mapped file; and the process's memory, in MB.
    private static func guide(experts: Int, folder: String) throws {
        let before = resident()
        let rows = try SyntheticLibrary.embeddings(experts, folder: folder)
        let index = ExpertIndex(rows)
        var intents = (1...60).map { SyntheticLibrary.embedding(-$0) }.makeIterator()
        let times = try measured(60) {
            guard let intent = intents.next() else { return }
            let nearest = index.neighbourhood(of: intent, options: .broad)
            if nearest.members.isEmpty { throw SgloradError.internal("nobody guides") }
        }
        let after = resident()
        report([
            "p50": times[30], "p95": times[57], "minimum": times[0],
            "anonymous": after.anonymous - before.anonymous, "mapped": after.mapped - before.mapped,
        ])
    }

    /// The memory of this process, in MB.
    private static func resident() -> (anonymous: Double, mapped: Double) {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        func megabytes(_ name: String) -> Double {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first).flatMap { Double($0) }
                .map { $0 / 1000 } ?? 0
        }
        return (megabytes("RssAnon"), megabytes("RssFile"))
    }

    /// Reads memory once, a part by each thread.
    private static func read(_ memory: UnsafeRawPointer, _ bytes: Int, threads: Int) {
        nonisolated(unsafe) let memory = memory
        let part = bytes / threads / 64 * 64
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let words = (memory + thread * part).assumingMemoryBound(to: SIMD8<UInt64>.self)
            var sum = SIMD8<UInt64>()
            for index in 0..<part / 64 { sum &+= words[index] }
            if sum.wrappedSum() == 1 { print("the sum is 1") }
        }
    }

    /// The times of `count` runs, in ascending order.
    private static func measured(_ count: Int, _ body: () throws -> Void) rethrows -> [Double] {
        var times: [Double] = []
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            try body()
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
        }
        return times.sorted()
    }

    private static func report(_ figures: [String: Double]) {
        let fields = figures.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        print("{\(fields.joined(separator: ","))}")
    }
}
