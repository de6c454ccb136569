using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Perdure.Runtime;

namespace Perdure.Tests;

/// <summary>Two JSON texts are the same request where they say the same; the hash by which that is known is stored, and stays what it is.</summary>
public sealed class TheSameRequestTwice
{
    private const int Depth = 64;

    private static string Hash(string json) => Convert.ToHexStringLower(CanonicalJson.Hash(Encoding.UTF8.GetBytes(json), Depth));

    [Fact]
    public void What_is_stored_today_is_what_was_stored_before()
    {
        Assert.Equal("a2a38d178a98e047d8694f9135a0f6d86299e5a0dd6c3e0bb614dd775f4f965e", Hash("""{ "b" : [ 1.50, true, null, "x+y \u00e9 \" ü" ], "a" : { "z" : {}, "ß" : [], "Z" : -0 } }"""));
    }

    [Theory]
    [InlineData("""{"a":1,"b":2}""", """ { "b" : 2 , "a" : 1 } """)]
    [InlineData("""{"a":"é"}""", """{"a":"\u00e9"}""")]
    [InlineData("""{"é":{"y":1,"x":2},"e":0}""", """{"e":0,"\u00E9":{"x":2,"y":1}}""")]
    [InlineData("""{"\ud83d\ude00":1,"\uffee":2}""", """{"\uffee":2,"\ud83d\ude00":1}""")]
    public void White_space_escapes_and_the_order_of_properties_make_no_difference(string one, string other) => Assert.Equal(Hash(one), Hash(other));

    [Theory]
    [InlineData("""{"a":1}""", """{"a":1.0}""")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":null}""", "{}")]
    [InlineData("""{"a":"1"}""", """{"a":1}""")]
    public void Whatever_else_differs_is_another_request(string one, string other) => Assert.NotEqual(Hash(one), Hash(other));

    [Theory]
    [InlineData(""), InlineData("{"), InlineData("{} {}"), InlineData("[1,]"), InlineData("{a:1}"), InlineData("/**/1")]
    [InlineData("""{"a":1,"a":1}"""), InlineData("""{"b":1,"a":1,"b":2}"""), InlineData("""{"a":1,"\u0061":2}""")]
    [InlineData("""{"a":"\ud800"}"""), InlineData("""{"\ud800":1}"""), InlineData("""["\udc00x"]""")]
    public void What_is_no_text_or_says_something_twice_is_refused(string json) => Assert.ThrowsAny<JsonException>(() => Hash(json));

    [Fact]
    public void Deeper_than_it_may_be_is_refused()
    {
        static string Nested(int depth) => new string('[', depth) + new string(']', depth);
        Hash(Nested(Depth));
        Assert.ThrowsAny<JsonException>(() => Hash(Nested(Depth + 1)));
    }

    [Fact]
    public void It_is_the_hash_of_the_text_with_all_properties_in_order() => Trees.Sample(tree =>
    {
        var json = tree?.ToJsonString(Loose) ?? "null";
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(InOrder(tree)))), Hash(json));
    }, iter: 5_000);

    // Written with as few escapes as can be, over several lines.
    private static readonly JsonSerializerOptions Loose = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, WriteIndented = true };

    private static readonly Gen<string> Names = Gen.OneOf(Gen.String[Gen.Char["abAB1_"], 0, 4], Gen.String[Gen.Char[' ', '\u0180'], 0, 6], Gen.Int[0, 4].Select(i => ((string[])["😀", "\uffee", "\uffee\uffee", "a\u0000", "\u007f"])[i]));

    private static readonly Gen<JsonNode?> Trees = Gen.Recursive<JsonNode?>((depth, inner) => depth > 4
        ? Gen.Int.Select(number => (JsonNode?)JsonValue.Create(number))
        : Gen.OneOf(
            Names.Select(text => (JsonNode?)JsonValue.Create(text)), Gen.Double.Where(double.IsFinite).Select(number => (JsonNode?)JsonValue.Create(number)), Gen.Bool.Select(flag => (JsonNode?)JsonValue.Create(flag)), Gen.Const((JsonNode?)null),
            inner.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Select(Names, inner).Array[0, 8].Select(members => (JsonNode?)new JsonObject(members.DistinctBy(m => m.Item1).Select(m => KeyValuePair.Create(m.Item1, m.Item2?.DeepClone()))))));

    private static string InOrder(JsonNode? tree) => tree switch
    {
        null => "null",
        JsonObject members => "{" + string.Join(',', members.OrderBy(m => m.Key, StringComparer.Ordinal).Select(m => $"{JsonSerializer.Serialize(m.Key)}:{InOrder(m.Value)}")) + "}",
        JsonArray items => "[" + string.Join(',', items.Select(InOrder)) + "]",
        _ => tree.ToJsonString(),
    };
}
