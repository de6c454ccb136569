using Microsoft.Extensions.DependencyInjection;
using Perdure.Kernel;
using Perdure.Replay;

namespace Perdure.Runtime;

/// <summary>Carries out what attempts ask for. A seam for the simulator, which decides how operations end.</summary>
internal interface IOperations
{
    Task<Payload> Run(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt);
    Task Undo(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt);
}

/// <summary>Makes the operation anew for each attempt and each undo, in a DI scope of its own.</summary>
internal sealed class ScopedOperations(IServiceScopeFactory scopes) : IOperations
{
    public async Task<Payload> Run(CarriedStep step, PayloadCodec codec, Payload input, Attempt attempt)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await Of(scope, step).Run(codec, input, attempt).ConfigureAwait(false);
    }

    public async Task Undo(CarriedStep step, PayloadCodec codec, UndoData undo, Attempt attempt)
    {
        await using var scope = scopes.CreateAsyncScope();
        await Of(scope, step).Undo(codec, undo.Input, undo.Output, attempt).ConfigureAwait(false);
    }

    private static IRunnable Of(AsyncServiceScope scope, CarriedStep step) => (IRunnable)scope.ServiceProvider.GetRequiredService(step.Type);
}
