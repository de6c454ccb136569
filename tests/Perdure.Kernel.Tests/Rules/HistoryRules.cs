using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using CsCheck;

namespace Perdure.Kernel.Tests;

public class HistoryRules
{
    [Fact]
    public void Events_are_compact_readable_json_without_defaults()
    {
        var scene = new Scene().Step("a").Succeed("a", """{"id":7}""");
        Assert.Equal("""[{"type":"step.succeeded","ordinal":1,"result":{"type":"t","value":{"id":7}}}]""", Same.Json(scene.Events));
        Assert.Equal("""[{"type":"step.intended","ordinal":1,"name":"a","operation":"op-a","canUndo":true,"input":{"type":"t","value":1}}]""", Same.Json(scene.Log[1].Events));
    }

    [Fact]
    public void Every_event_type_has_one_name_and_back() => Assert.All(
        typeof(Event).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(Event))),
        type => Assert.Equal(type, EventTypes.TypeOf(EventTypes.All.Single(n => EventTypes.TypeOf(n) == type))));

    [Theory]
    [InlineData("json", "  {} ")]
    [InlineData("json", "")]
    [InlineData("aes", "\u0001\u0002")]
    [InlineData("json", "\"é\\u0041\"")]
    [InlineData("json", "[1.0,1e5,-0]")]
    public void A_payload_comes_back_byte_for_byte(string codec, string body)
    {
        var payload = new Payload("Ordér", "s", Encoding.UTF8.GetBytes(body), codec);
        var read = Assert.IsType<Noted>(Assert.Single(EventCodec.Read(Encoding.UTF8.GetBytes(Same.Json([new Noted(1, "n\u0000\"", payload)])))));
        Assert.Equal(payload, read.Value);
        Assert.Equal("n\u0000\"", read.Name);
    }

    [Fact]
    public void A_name_comes_back_as_it_was_however_many_others_were_read_before()
    {
        string[] shapes = ["a", "pick-and-pack[{0}]", "{0}é", "\\\"{0}", "名{0}", new string('x', 70) + "{0}"];
        for (var round = 0; round < 2; round++)
            for (var i = 0; i < 3_000; i++)
            {
                var name = string.Format(System.Globalization.CultureInfo.InvariantCulture, shapes[i % shapes.Length], i);
                Assert.Equal(name, ((StepIntended)EventCodec.Read(Encoding.UTF8.GetBytes(Same.Json([new StepIntended(1, name, "o", Scene.P("1"), 1, false, false)])))[0]).Name);
            }
    }

    [Fact]
    public void An_id_is_the_same_text_by_itself_and_within_another()
    {
        var id = InstanceId.Create(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 7, 1_000);
        Assert.Equal(id.ToString() + "/1", $"{id}/1");
        Span<char> small = stackalloc char[12], exact = stackalloc char[13];
        Assert.False(((ISpanFormattable)id).TryFormat(small, out var none, default, null));
        Assert.Equal(0, none);
        Assert.True(((ISpanFormattable)id).TryFormat(exact, out var all, default, null));
        Assert.Equal(id.ToString(), exact[..all].ToString());
    }

    [Fact]
    public void A_value_may_be_nested_deeply()
    {
        var deep = Scene.P(new string('[', 500) + new string(']', 500));
        Assert.Equal(new Noted(1, "n", deep), EventCodec.Read(Encoding.UTF8.GetBytes(Same.Json([new Noted(1, "n", deep)])))[0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[")]
    [InlineData("[1]")]
    [InlineData("[{}]")]
    [InlineData("[] []")]
    [InlineData("""[{"type":"step.exploded","ordinal":1}]""")]
    [InlineData("""[{"type":"step.retried"}]""")]
    [InlineData("""[{"type":"step.retried","ordinal":1,"colour":"red"}]""")]
    [InlineData("""[{"type":"step.retried","ordinal":99999999999}]""")]
    [InlineData("""[{"type":"step.retried","ordinal":"1"}]""")]
    [InlineData("""[{"type":"note.taken","ordinal":1,"name":"n","value":{"type":"t"}}]""")]
    [InlineData("""[{"type":"note.taken","ordinal":1,"name":"n","value":{"type":"t","codec":"x","base64":"?"}}]""")]
    [InlineData("""[{"type":"sleep.began","ordinal":1,"name":"n","due":"tomorrow"}]""")]
    [InlineData("""[{"type":"step.failed","ordinal":1,"failure":7}]""")]
    [InlineData("""[{"type":"instance.started","id":"xyz"}]""")]
    public void What_is_not_history_is_refused_clearly(string json) =>
        Assert.Throws<HistoryFormatException>(() => EventCodec.Read(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Damaged_history_never_fails_in_any_other_way() => Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Sample((position, value) =>
    {
        var bytes = Encoding.UTF8.GetBytes(Whole);
        bytes[position % bytes.Length] = value;
        try { EventCodec.Read(bytes.AsSpan()); }
        catch (HistoryFormatException) { }
    }, iter: 2_000);

    private static readonly string Whole = Same.Json([.. new Scene(parent: new(InstanceId.Create(Scene.Noon, 1, 1), 2)).Step("a", atMostOnce: true)
        .Send("paid", "m1").Fail("a", unknown: true).Retry().Succeed("a").Go("Locked").Log.SelectMany(r => r.Events)]);

    private static byte[] Digest(string body)
    {
        var digest = new byte[Chain.Size];
        Chain.Digest("salt"u8, Encoding.UTF8.GetBytes(body), digest);
        return digest;
    }

    private static byte[] Link(byte[] previous, long version, byte[] digest)
    {
        var hash = new byte[Chain.Size];
        Chain.Link(previous, InstanceId.Create(Scene.Noon, 0, 1), version, Scene.Noon, digest, hash);
        return hash;
    }

    [Fact]
    public void The_chain_shows_what_was_altered_removed_or_reordered()
    {
        byte[] one = Digest("one"), two = Digest("two");
        var head = Link(Link([], 1, one), 2, two);
        Assert.Equal(head, Link(Link(new byte[32], 1, one), 2, two));
        Assert.NotEqual(head, Link(Link([], 1, Digest("0ne")), 2, two));
        Assert.NotEqual(head, Link([], 2, two));
        Assert.NotEqual(head, Link(Link([], 1, two), 2, one));
        Assert.NotEqual(head, Link(Link([], 2, one), 3, two));
        Assert.Throws<ArgumentException>(() => Link(new byte[31], 1, one));
    }

    [Fact]
    public void The_chain_is_what_the_documents_say()
    {
        var body = new byte[5000];
        var salted = System.Security.Cryptography.SHA256.HashData([.. "salt"u8, .. body]);
        Assert.Equal(salted, Digest(new string('\0', 5000)));
        var id = InstanceId.Create(Scene.Noon, 0, 1);
        byte[] all = [.. new byte[32], .. BigEndian(id.Value), .. BigEndian(1), .. BigEndian(Scene.Noon.ToUnixTimeMilliseconds()), .. salted];
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(all), Link([], 1, salted));
    }

    private static byte[] BigEndian(long value) => BitConverter.IsLittleEndian ? [.. BitConverter.GetBytes(value).Reverse()] : BitConverter.GetBytes(value);
}
