using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Simulation.Replaying;

namespace Perdure.Simulation.Stressing;

/// <summary>Puts an operation or a workflow under stress that nobody wrote a stress test for: its inputs are samples.</summary>
public static class SampledStress
{
    /// <summary>Stands in the strings of a sample for the number of the arrival.</summary>
    public const string Number = "{n}";

    /// <summary>The stress test, still without a rate.</summary>
    /// <param name="type">The class of the operation or of the workflow.</param>
    /// <param name="inputs">Samples; each arrival draws one. <see cref="Number"/> in it becomes the arrival's number.</param>
    /// <param name="services">What it needs.</param>
    /// <param name="madeUp">Whether operations give made-up outputs that fit their types, instead of running; what else is missing is then substituted.</param>
    /// <exception cref="InvalidOperationException">A sample does not fit.</exception>
    public static Stress Of(Type type, IReadOnlyList<JsonNode> inputs, Action<IServiceCollection>? services, bool madeUp)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        services?.Invoke(collection);
        var substitutes = new Substitutes(collection.BuildServiceProvider());
        var made = substitutes.Make(type);
        string[] samples = [.. inputs.Select(i => i.ToJsonString())];
        var json = PerdureOptions.DefaultJson();
        var inputType = (made as IStep)?.InputType ?? ((IWorkflow)made).InputType;
        foreach (var sample in samples) Read(sample, 1);
        var stress = Stress.Of(type, given =>
        {
            services?.Invoke(given);
            if (!madeUp) return;
            foreach (var (missing, instance) in substitutes.Made) given.AddSingleton(missing, instance);
        }).Inputs((dice, number) => Read(samples[dice.Below(samples.Length)], number));
        return madeUp ? substitutes.Steps.Aggregate(stress, (all, step) => all.Replace(step.GetType(), MadeUp.Outputs(step))) : stress;

        object Read(string sample, int number)
        {
            try
            {
                return JsonSerializer.Deserialize(sample.Replace(Number, number.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), inputType, json)!;
            }
            catch (JsonException e)
            {
                throw new InvalidOperationException($"The sample {sample} does not fit {Names.Of(inputType)}: {e.Message}", e);
            }
        }
    }

    /// <summary>The operation of that name among classes; null where there is none.</summary>
    /// <param name="types">The classes to look at; those that are no operations are passed over.</param>
    /// <param name="name">The operation's stable name.</param>
    /// <param name="services">What operations take, where their names hang on it.</param>
    /// <exception cref="InvalidOperationException">Several have that name.</exception>
    public static Type? Operation(IEnumerable<Type> types, string name, Action<IServiceCollection>? services = null)
    {
        var collection = new ServiceCollection();
        services?.Invoke(collection);
        var substitutes = new Substitutes(collection.BuildServiceProvider());
        var found = types.Where(t => typeof(IStep).IsAssignableFrom(t) && t is { IsAbstract: false, ContainsGenericParameters: false }).Where(t => ((IStep)substitutes.Make(t)).Name == name).ToList();
        return found.Count <= 1 ? found.FirstOrDefault() : throw new InvalidOperationException($"Several operations are named \"{name}\": {string.Join(", ", found)}.");
    }
}
