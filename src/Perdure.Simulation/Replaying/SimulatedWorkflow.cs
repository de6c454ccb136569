using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

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
        var simulation = Simulate.Node(
            carried => typeof(PerdureBuilder).GetMethod(nameof(PerdureBuilder.Workflow))!.MakeGenericMethod(workflow).Invoke(carried, null),
            given =>
            {
                services?.Invoke(given);
                foreach (var (type, instance) in substitutes.Made) given.AddSingleton(type, instance);
            });
        foreach (var step in substitutes.Steps) simulation = simulation.Replace(step.GetType(), MadeUp.Outputs(step));
        return simulation.Starts<JsonNode>(made.Name, (dice, _) => inputs[dice.Below(inputs.Count)], Starts, version: made.Version);
    }
}
