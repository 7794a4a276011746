import Testing

@testable import Generation

@Suite struct ExpertFoldsTests {
    @Test func hashIsFNV1a() {
        // RFC 9923's vectors.
        for hash in [StableHash.of] {
            #expect(hash("") == 0xCBF2_9CE4_8422_2325)
            #expect(hash("a") == 0xAF63_DC4C_8601_EC8C)
            #expect(hash("foobar") == 0x8594_4171_F739_67E8)
        }
    }

    @Test(arguments: [1, 2, 3, 7, 8, 9, 24, 68])
    func isBalancedAndComplete(_ count: Int) {
        let names = (0..<count).map { "expert-\($0)" }
        let folds = ExpertFolds(names: names).folds
        #expect(folds.count == min(8, count))
        #expect(folds.flatMap(\.self).sorted() == names.sorted())
        let sizes = folds.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
    }

    @Test func orderOfNamesDoesNotMatter() {
        let names = ["wn-birds", "wn-fish", "bank-1", "hwu-0", "clinc-home-1", "wn-trees"]
        let folds = ExpertFolds(names: names, count: 3)
        #expect(folds == ExpertFolds(names: names.reversed(), count: 3))
        // Written down, so that a change of the assignment is seen: earlier reports could not be compared any more.
        #expect(
            folds.folds == [["bank-1", "clinc-home-1"], ["wn-birds", "wn-fish"], ["hwu-0", "wn-trees"]])
    }
}
