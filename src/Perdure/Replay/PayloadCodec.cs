using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Perdure.Kernel;

namespace Perdure.Replay;

/// <summary>Writes values into payloads and reads them back. Safe from any thread.</summary>
internal sealed partial class PayloadCodec
{
    private readonly JsonSerializerOptions _options;
    private readonly ConcurrentDictionary<Type, Shape> _shapes = new();

    [ThreadStatic]
    private static Scratch? _scratch;

    public PayloadCodec(JsonSerializerOptions options)
    {
        _options = new(options);
        // Source-generated contexts know the author's types; what the visit journals by itself is the engine's to know.
        if (_options.TypeInfoResolver is not null) _options.TypeInfoResolverChain.Add(VisitTypes.Default);
        _options.MakeReadOnly(populateMissingResolver: true);
    }

    public Payload Encode<T>(T value) => Encode(value, value?.GetType() ?? typeof(T), typeof(T));

    /// <summary>Encodes by the declared type where it is a concrete one, so that a value reads back as the type that asked for it.</summary>
    public Payload Encode(object? value, Type runtimeType, Type declaredType)
    {
        var shape = ShapeOf(declaredType == typeof(object) ? runtimeType : declaredType);
        var scratch = _scratch ??= new();
        scratch.Buffer.ResetWrittenCount();
        scratch.Writer.Reset(scratch.Buffer);
        JsonSerializer.Serialize(scratch.Writer, value, shape.Json);
        scratch.Writer.Flush();
        return new(shape.Name, shape.Fingerprint, scratch.Buffer.WrittenSpan.ToArray());
    }

    /// <exception cref="JsonException">The body does not fit the type.</exception>
    public object? Decode(Payload payload, Type type) => Decode(Body(payload), type);

    /// <exception cref="JsonException">The text does not fit the type.</exception>
    public object? Decode(ReadOnlySpan<byte> json, Type type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ShapeOf(type).Json);
        }
        catch (Exception e) when (e is not JsonException)
        {
            throw Refused(type, e);
        }
    }

    /// <exception cref="JsonException">The body does not fit the type.</exception>
    public T? Decode<T>(Payload payload)
    {
        try
        {
            return JsonSerializer.Deserialize(Body(payload), (JsonTypeInfo<T>)ShapeOf(typeof(T)).Json);
        }
        catch (Exception e) when (e is not JsonException)
        {
            throw Refused(typeof(T), e);
        }
    }

    /// <summary>The envelope that a value of that type has.</summary>
    public Shape ShapeOf(Type type) => _shapes.TryGetValue(type, out var shape) ? shape : _shapes.GetOrAdd(type, Describe);

    // A record may refuse what it should not hold: to whoever reads, that is what does not fit.
    private static JsonException Refused(Type type, Exception e) => new($"{Names.Of(type)} cannot be made of it: {e.Message}", "$", null, null, e);

    private static ReadOnlySpan<byte> Body(Payload payload) => payload.Codec == Payload.Json
        ? payload.Body.Span
        : throw new JsonException($"No codec named \"{payload.Codec}\" is known here.");

    private Shape Describe(Type type) => new(Names.Of(type), TypeShape.Fingerprint(type, _options), _options.GetTypeInfo(type));

    /// <summary>The types that a visit journals by itself: who won a race, the time, randomness, ids; and a few that authors decide <c>Once</c>.</summary>
    [JsonSerializable(typeof(int)), JsonSerializable(typeof(DateTimeOffset)), JsonSerializable(typeof(double)), JsonSerializable(typeof(Guid))]
    [JsonSerializable(typeof(bool)), JsonSerializable(typeof(long)), JsonSerializable(typeof(decimal)), JsonSerializable(typeof(string)), JsonSerializable(typeof(TimeSpan))]
    private sealed partial class VisitTypes : JsonSerializerContext;

    internal sealed record Shape(string Name, string Fingerprint, JsonTypeInfo Json);

    private sealed class Scratch
    {
        public ArrayBufferWriter<byte> Buffer { get; } = new(1024);
        public Utf8JsonWriter Writer { get; } = new(Stream.Null, new() { SkipValidation = true });
    }
}
