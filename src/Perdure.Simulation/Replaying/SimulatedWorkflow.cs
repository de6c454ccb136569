using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Simulation.Operations;

namespace Perdure.Simulation.Replaying;

/// <summary>Makes a simulation of a workflow that nobody wrote one for: its inputs are samples, and its operations give made-up outputs that fit their types.</summary>
public static class SimulatedWorkflow
{
    private const int Starts = 20;

    /// <summary>The simulation.</summary>
    /// <param name="workflow">The workflow's class.</param>
    /// <param name="inputs">Samples; each start draws one.</param>
    /// <param name="services">What its constructor takes beside operations; substituted where that is not given.</param>
    public static Simulate Of(Type workflow, IReadOnlyList<JsonNode> inputs, Action<IServiceCollection>? services = null)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        services?.Invoke(collection);
        var substitutes = new Substitutes(collection.BuildServiceProvider());
        var made = (IWorkflow)substitutes.Make(workflow);
        var json = PerdureOptions.DefaultJson();
        var simulation = Simulate.Node(
            carried => typeof(PerdureBuilder).GetMethod(nameof(PerdureBuilder.Workflow))!.MakeGenericMethod(workflow).Invoke(carried, null),
            given =>
            {
                services?.Invoke(given);
                foreach (var (type, instance) in substitutes.Made) given.AddSingleton(type, instance);
            });
        foreach (var step in substitutes.Steps)
        {
            json.MakeReadOnly(populateMissingResolver: true);
            var output = JsonSerializer.SerializeToUtf8Bytes(Sample(step.OutputType, json, []));
            simulation = simulation.Replace(step.GetType(), new Stand((codec, _) => codec.Encode(codec.Decode(output, step.OutputType), step.OutputType, step.OutputType), (_, _) => { }));
        }
        return simulation.Starts<JsonNode>(made.Name, (dice, _) => inputs[dice.Below(inputs.Count)], Starts, version: made.Version);
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
