using System.Buffers;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Perdure.Runtime;

/// <summary>
/// The form of a JSON text by which two requests are the same: properties in the order of their names (ordinal, by UTF-16), no white space, texts escaped as <see cref="Utf8JsonWriter"/> does, the text of
/// numbers kept. Its hash is stored with each start, so that it must not change.
/// </summary>
internal static class CanonicalJson
{
    [ThreadStatic]
    private static Scratch? s_scratch;

    /// <summary>SHA-256 of the normalised text.</summary>
    /// <exception cref="JsonException">Not JSON, nested too deeply, with a property twice, or with a text that is none.</exception>
    public static byte[] Hash(ReadOnlyMemory<byte> json, int maxDepth)
    {
        var scratch = s_scratch ?? new();
        s_scratch = null;
        scratch.Begin(json);
        try
        {
            var reader = new Utf8JsonReader(json.Span, new() { MaxDepth = maxDepth });
            reader.Read();
            Value(ref reader, scratch);
            reader.Read();      // refuses what stands behind it
            var hash = SHA256.HashData(scratch.Written);
            if (scratch.MayBeKept) s_scratch = scratch;
            scratch.Begin(default);      // the request is not kept
            return hash;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    private static void Value(ref Utf8JsonReader reader, Scratch scratch)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                Object(ref reader, scratch);
                break;
            case JsonTokenType.StartArray:
                scratch.Put((byte)'[');
                for (var first = true; reader.Read() && reader.TokenType != JsonTokenType.EndArray; first = false)
                {
                    if (!first) scratch.Put((byte)',');
                    Value(ref reader, scratch);
                }
                scratch.Put((byte)']');
                break;
            case JsonTokenType.String when IsPlain(in reader):
                scratch.PutQuoted(reader.ValueSpan);
                break;
            case JsonTokenType.String when !reader.ValueIsEscaped:
                scratch.PutEscaped(reader.ValueSpan);
                break;
            case JsonTokenType.String:
                scratch.PutEscaped(reader.GetString());
                break;
            default:
                scratch.Put(reader.ValueSpan);
                break;
        }
    }

    // Written as it comes; put in order at its end, where it was not.
    private static void Object(ref Utf8JsonReader reader, Scratch scratch)
    {
        var (first, begin, isInOrder) = (scratch.Members.Count, scratch.Count, true);
        scratch.Put((byte)'{');
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            if (scratch.Members.Count > first) scratch.Put((byte)',');
            var (start, at, length) = (scratch.Count, (int)reader.TokenStartIndex + 1, reader.ValueSpan.Length);
            var text = IsPlain(in reader) ? null : reader.GetString();
            if (text is null) scratch.PutQuoted(reader.ValueSpan);
            else scratch.PutEscaped(text);
            scratch.Put((byte)':');
            reader.Read();
            Value(ref reader, scratch);
            scratch.Members.Add(new(start, scratch.Count, at, length, text));
            if (scratch.Members.Count > first + 1) isInOrder &= scratch.Compare(scratch.Members[^2], scratch.Members[^1]) < 0;
        }
        scratch.Put((byte)'}');
        if (!isInOrder) scratch.Sort(first, begin);
        CollectionsMarshal.SetCount(scratch.Members, first);
    }

    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c).Except("\"&'+<>\\`"u8.ToArray())]);

    private static bool IsPlain(in Utf8JsonReader reader) => !reader.ValueIsEscaped && reader.ValueSpan.IndexOfAnyExcept(Plain) < 0;

    /// <summary>A property: where it stands in what was written, and its name in what is read; as a text where that is not what stands there.</summary>
    private readonly record struct Member(int Start, int End, int NameAt, int NameLength, string? Text);

    private sealed class Scratch : IComparer<Member>
    {
        // Larger ones are not kept.
        private const int KeptMax = 64 * 1024;

        private readonly ArrayBufferWriter<byte> _escaped = new();
        private readonly Utf8JsonWriter _writer = new(Stream.Null, new() { SkipValidation = true });
        private ReadOnlyMemory<byte> _json;
        private byte[] _bytes = new byte[1024];

        public List<Member> Members { get; } = [];
        public int Count { get; private set; }
        public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Count);
        public bool MayBeKept => _bytes.Length <= KeptMax;

        public void Begin(ReadOnlyMemory<byte> json)
        {
            _json = json;
            Count = 0;
            Members.Clear();
        }

        public void Put(byte one)
        {
            if (Count == _bytes.Length) Array.Resize(ref _bytes, 2 * Count);
            _bytes[Count++] = one;
        }

        public void Put(ReadOnlySpan<byte> some)
        {
            if (some.Length > _bytes.Length - Count) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, Count + some.Length));
            some.CopyTo(_bytes.AsSpan(Count));
            Count += some.Length;
        }

        public void PutQuoted(ReadOnlySpan<byte> plain)
        {
            Put((byte)'"');
            Put(plain);
            Put((byte)'"');
        }

        public void PutEscaped(string? text)
        {
            BeginEscaped();
            _writer.WriteStringValue(text);
            EndEscaped();
        }

        public void PutEscaped(ReadOnlySpan<byte> text)
        {
            BeginEscaped();
            _writer.WriteStringValue(text);
            EndEscaped();
        }

        private void BeginEscaped()
        {
            _escaped.ResetWrittenCount();
            _writer.Reset(_escaped);
        }

        private void EndEscaped()
        {
            _writer.Flush();
            Put(_escaped.WrittenSpan);
        }

        /// <summary>Puts the members from one on in order, in the object that begins there and has just been written.</summary>
        public void Sort(int first, int begin)
        {
            var members = CollectionsMarshal.AsSpan(Members)[first..];
            members.Sort(this);
            var length = Count - begin;
            var before = ArrayPool<byte>.Shared.Rent(length);
            _bytes.AsSpan(begin, length).CopyTo(before);
            var at = begin + 1;
            for (var i = 0; i < members.Length; i++)
            {
                if (i > 0 && Compare(members[i - 1], members[i]) == 0) throw new JsonException($"The property \"{TextOf(members[i])}\" is there twice.");
                if (i > 0) _bytes[at++] = (byte)',';
                var (start, end) = (members[i].Start, members[i].End);
                before.AsSpan(start - begin, end - start).CopyTo(_bytes.AsSpan(at));
                at += end - start;
            }
            ArrayPool<byte>.Shared.Return(before);
        }

        public int Compare(Member a, Member b) => a.Text is null && b.Text is null ? NameOf(a).SequenceCompareTo(NameOf(b)) : string.CompareOrdinal(TextOf(a), TextOf(b));

        private ReadOnlySpan<byte> NameOf(Member member) => _json.Span.Slice(member.NameAt, member.NameLength);

        private string TextOf(Member member) => member.Text ?? Encoding.ASCII.GetString(NameOf(member));
    }
}
