using CsCheck;

namespace Perdure.Kernel.Tests;

public class OrderedMapRules
{
    [Fact]
    public void It_is_a_sorted_dictionary_and_the_map_before_stays_as_it_was() =>
        Gen.Select(Gen.Int[0, 400], Gen.Int[0, 3]).List[0, 600].Sample(changes =>
        {
            var model = new SortedDictionary<int, int>();
            var map = OrderedMap<int, int>.Empty;
            foreach (var (key, choice) in changes)
            {
                var before = map;
                var copy = before.Count < 50 ? before.ToArray() : null;
                if (choice == 0) { map = map.Remove(key); model.Remove(key); }
                else { map = map.Set(key, key * choice); model[key] = key * choice; }
                if (copy is not null) Assert.Equal(copy, before);
                Assert.Equal(model.Count, map.Count);
                Assert.Equal(model.TryGetValue(key, out var expected), map.TryGetValue(key, out var actual));
                Assert.Equal(expected, actual);
            }
            Assert.Equal(model, map);
            if (map.IsEmpty) return;
            Assert.Equal((model.First(), model.Last()), (map.First, map.Last));
        }, iter: 100);

    [Fact]
    public void Names_are_ordered_by_their_characters()
    {
        var map = OrderedMap<string, int>.Empty;
        for (var i = 0; i < 2_000; i++) map = map.Set($"step#{i}", i);
        Assert.Equal(map.Keys.Order(StringComparer.Ordinal), map.Keys);
        for (var i = 0; i < 2_000; i++) Assert.Equal(i, map[$"step#{i}"]);
        for (var i = 1_999; i >= 0; i--) map = map.Remove($"step#{i}");
        Assert.True(map.IsEmpty);
        Assert.Throws<KeyNotFoundException>(() => map["x"]);
    }
}
