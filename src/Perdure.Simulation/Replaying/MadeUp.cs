using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Replaying;

/// <summary>Outputs that nobody gave: the same one each time, which fits its type.</summary>
internal static class MadeUp
{
    /// <summary>What stands in the place of an operation.</summary>
    public static Stand Outputs(IStep step)
    {
        var json = PerdureOptions.DefaultJson();
        json.MakeReadOnly(populateMissingResolver: true);
        var output = JsonSerializer.SerializeToUtf8Bytes(Sample(step.OutputType, json, []));
        return new((codec, _) => codec.Encode(codec.Decode(output, step.OutputType), step.OutputType, step.OutputType), (_, _) => { });
    }

    private static JsonNode? Sample(Type type, JsonSerializerOptions options, HashSet<Type> path)
    {
        if (Nullable.GetUnderlyingType(type) is not null || !path.Add(type)) return null;
        var json = options.GetTypeInfo(type);
        JsonNode? sample = json.Kind switch
        {
            JsonTypeInfoKind.Object => new JsonObject(json.Properties.Select(p => KeyValuePair.Create(p.Name, Sample(p.PropertyType, options, path)))),
            JsonTypeInfoKind.Enumerable => new JsonArray(),
            JsonTypeInfoKind.Dictionary => new JsonObject(),
            _ => type == typeof(string) ? "simulated" : type.IsValueType ? JsonSerializer.SerializeToNode(Activator.CreateInstance(type), type, options) : null,
        };
        path.Remove(type);
        return sample;
    }
}
