using Perdure.Kernel;
using Perdure.Simulation.Worlds;

namespace Perdure.Simulation.Oracles;

/// <summary>
/// Whatever was or may have been done is undone, in the reverse order of its intents, each once, before an instance ends revoked, and before a visit begins anew: held against the world outside, and against the
/// intents in the log rather than the engine's stack.
/// </summary>
internal sealed class SagasUndo(World world) : Oracle(world)
{
    private sealed class Saga
    {
        /// <summary>Tokens of undoable intents since the last state that settles, by ordinal, and the visits that they were of.</summary>
        public readonly SortedDictionary<int, (int Visit, string Token)> Intents = [];
        /// <summary>Tokens of visits that began anew.</summary>
        public readonly List<string> Undone = [];
        /// <summary>The lowest ordinal that was undone so far.</summary>
        public int UndoneDownTo = int.MaxValue;
        /// <summary>The visit that is to begin anew; 0 where none is.</summary>
        public int Restarting;
    }

    private readonly Dictionary<InstanceId, Saga> _sagas = [];
    private readonly HashSet<string> _undone = new(StringComparer.Ordinal);

    public override string Name => "compensation";

    public override void Effect(LedgerEntry entry)
    {
        if (entry.IsUndo && !_undone.Add(entry.Token)) Fail($"{entry.Token} was undone twice.");
    }

    public override void Durable(Recorded recorded)
    {
        if (!_sagas.TryGetValue(recorded.Record.Instance, out var saga)) _sagas.Add(recorded.Record.Instance, saga = new());
        for (var i = 0; i < recorded.Instants.Length; i++)
        {
            var instance = recorded.Instants[i];
            switch (recorded.Record.Events[i])
            {
                case StepIntended { CanUndo: true } intended:
                    saga.Intents[intended.Ordinal] = (instance?.Visit ?? 1, Token.For(recorded.After.Id, instance?.Visit ?? 1, intended.Name, intended.Generation));
                    break;
                case StepRetryScheduled { NextOrdinal: { } next } retried when instance?.Open(retried.Ordinal) is { CanUndo: true } entry:
                    saga.Intents[next] = (instance.Visit, Token.For(recorded.After.Id, instance.Visit, entry.Name, entry.Generation + 1));
                    break;
                case RestartBegan restart:
                    saga.Restarting = restart.Visit;
                    break;
                case ExitBegan:
                    saga.Restarting = 0;
                    break;
                case UndoBegan undo:
                    if (saga.Restarting > 0 && saga.Intents.TryGetValue(undo.Ordinal, out var of) && of.Visit != saga.Restarting) Fail($"{recorded.After.Id} begins visit {saga.Restarting} anew, and undoes {undo.Ordinal} of visit {of.Visit}.");
                    if (!saga.Intents.ContainsKey(undo.Ordinal)) Fail($"{recorded.After.Id} undoes {undo.Ordinal}, which it did not intend since it last settled.");
                    if (undo.Ordinal > saga.UndoneDownTo) Fail($"{recorded.After.Id} undoes {undo.Ordinal} after {saga.UndoneDownTo}: not in reverse order.");
                    saga.UndoneDownTo = undo.Ordinal;
                    break;
                case VisitRestarted again:
                    foreach (var (ordinal, (_, token)) in saga.Intents.Where(i => i.Value.Visit == again.Visit).ToList())
                    {
                        if (World.Ledger.Stands(token)) Fail($"{recorded.After.Id} begins visit {again.Visit} anew, and the effect of {token} stands.");
                        saga.Undone.Add(token);
                        saga.Intents.Remove(ordinal);
                    }
                    (saga.UndoneDownTo, saga.Restarting) = (int.MaxValue, 0);
                    break;
                case Transitioned { Settled: true }:
                    saga.Intents.Clear();
                    saga.UndoneDownTo = int.MaxValue;
                    break;
                case Transitioned { IsEnd: true } ended when World.Database.Tables.Map(recorded.After.Workflow, recorded.After.WorkflowVersion)?.Find(ended.To) is { Kind: StateKind.Revoked }:
                    foreach (var (_, (_, token)) in saga.Intents)
                        if (World.Ledger.Stands(token)) Fail($"{recorded.After.Id} ended in {ended.To}, and the effect of {token} stands.");
                    break;
            }
        }
    }

    public override void End()
    {
        // What was still on its way when it was undone must not have come after all.
        foreach (var (id, saga) in _sagas)
        {
            foreach (var token in saga.Undone)
                if (World.Ledger.Stands(token)) Fail($"{id} began a visit anew, and the effect of {token} from before stands.");
            if (World.Watch.Instances[id] is { Ended: true } instance && World.Database.Tables.Map(instance.Workflow, instance.WorkflowVersion)?.Find(instance.State) is { Kind: StateKind.Revoked })
                foreach (var (_, (_, token)) in saga.Intents)
                    if (World.Ledger.Stands(token)) Fail($"{id} ended in {instance.State}, and the effect of {token} stands.");
        }
    }
}
