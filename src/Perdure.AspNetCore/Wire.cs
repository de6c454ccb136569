using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Perdure.Kernel;

namespace Perdure.AspNetCore;

/// <summary>How things are written on the wire.</summary>
internal static class Wire
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        NumberHandling = JsonNumberHandling.Strict,
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        MaxDepth = 64,
    };

    public static string InstancePath(InstanceId id) => $"/api/instances/{id}";

    public static string Seconds(TimeSpan time) => Math.Max(1, (long)Math.Ceiling(time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public static string Hex(ReadOnlyMemory<byte> bytes) => Convert.ToHexStringLower(bytes.Span);

    /// <summary>A word of the wire: <c>Waiting</c> is <c>waiting</c>, <c>RestartVisit</c> is <c>restart-visit</c>.</summary>
    public static string Word<T>(T value) where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(value.ToString());

    public static bool TryWord<T>(string text, out T value) where T : struct, Enum
    {
        foreach (var candidate in Enum.GetValues<T>())
            if (Word(candidate) == text)
            {
                value = candidate;
                return true;
            }
        value = default;
        return false;
    }

    public static IResult Ok<T>(T body) => TypedResults.Json(body, Json);

    /// <summary>A payload as JSON; what is not JSON is shown by its type only.</summary>
    public static JsonElement? Show(Payload? payload)
    {
        if (payload is null) return null;
        if (payload.Codec != Payload.Json || payload.Body.IsEmpty) return JsonSerializer.SerializeToElement(new { type = payload.Type, codec = payload.Codec, bytes = payload.Body.Length }, Json);
        return JsonElement.Parse(payload.Body.Span);
    }
}
