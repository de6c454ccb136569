using System.CommandLine;
using Perdure.Kernel;
using Command = System.CommandLine.Command;
using Perdure.Ports;
using Perdure.Postgres;
using Perdure.Simulation.Replaying;
using Perdure.Sqlite;

namespace Perdure.Cli.Commands;

/// <summary><c>perdure history export</c></summary>
internal static class HistoryExport
{
    public static Command Command()
    {
        var store = new Option<string?>("--store") { Description = "The file of an embedded store. It is only read, also while a node runs on it.", HelpName = "FILE.db" };
        var connection = new Option<string?>("--connection") { Description = "Instead of a file: a store on PostgreSQL, or its replica, as Npgsql takes it. Of a sharded store one database after the other.", HelpName = "\"Host=…;Database=…\"" };
        var schema = new Option<string>("--schema") { Description = "The schema that holds the store on PostgreSQL.", HelpName = "NAME", DefaultValueFactory = _ => "perdure" };
        var workflow = new Option<string?>("--workflow") { Description = "Only instances of this workflow.", HelpName = "NAME" };
        var instance = new Option<string?>("--instance") { Description = "Only this instance.", HelpName = "ID" };
        var limit = new Option<int>("--limit") { Description = "At most so many instances, the oldest ones.", HelpName = "N", DefaultValueFactory = _ => int.MaxValue };
        var redact = new Option<string[]>("--redact") { Description = "Puts what the path names in payloads out of sight: $.card.number, $.lines[*].sku, $..email.", HelpName = "PATH", AllowMultipleArgumentsPerToken = true };
        var to = new Option<string>("--out") { Description = "The file to write; - for the standard output.", Required = true, HelpName = "FILE" };
        limit.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var number) && number < 1) result.AddError("--limit must be at least 1.");
        });
        var command = new Command("export", "Writes histories from a store into a file of one JSON value on each line, for `perdure replay`.") { store, connection, schema, workflow, instance, limit, redact, to };
        command.Validators.Add(result =>
        {
            if (result.GetValue(store) is null == result.GetValue(connection) is null) result.AddError("Either --store or --connection says whose histories are written.");
        });
        command.SetAction(parsed => ExitCode.Of(() => Run(parsed.GetValue(store), () => parsed.GetValue(connection) is { } text ? PostgresHistories.Open(text, parsed.GetValue(schema)!) : SqliteHistories.Open(parsed.GetValue(store)!), parsed.GetValue(workflow), parsed.GetValue(instance), parsed.GetValue(limit), parsed.GetValue(redact) ?? [], parsed.GetRequiredValue(to))));
        return command;
    }

    private static int Run(string? file, Func<IHistories> open, string? workflow, string? instance, int limit, string[] redact, string to)
    {
        using var histories = open();
        IEnumerable<(InstanceRow Row, long Records)> chosen = instance is null ? histories.Instances(workflow) : [One(histories, instance, workflow)];
        _ = new Redaction(redact);      // what is wrong with a path is said before the file is made
        if (to != "-" && file is not null && Path.GetFullPath(to) == Path.GetFullPath(file)) throw new UnusableInput("--out names the store itself.");
        using var stream = to == "-" ? Console.OpenStandardOutput() : new BufferedStream(File.Create(to), 1 << 16);
        using var writer = new HistoryWriter(stream, redact);
        var progress = new Progress();
        Dictionary<(string, int), string?> maps = [];
        long instances = 0, records = 0, erased = 0;
        foreach (var (row, upTo) in chosen.Take(limit))
        {
            using var found = histories.Records(row.Id, upTo).GetEnumerator();
            if (!found.MoveNext() || found.Current.IsErased)
            {
                erased++;
                continue;
            }
            var build = EventCodec.Read(found.Current.Body).OfType<Started>().FirstOrDefault()?.Build;
            if (!maps.TryGetValue((row.Workflow, row.WorkflowVersion), out var map)) maps.Add((row.Workflow, row.WorkflowVersion), map = histories.Map(row.Workflow, row.WorkflowVersion));
            writer.Begin(new(HistoryHeader.Current, row.Id.ToString(), row.Workflow, row.WorkflowVersion, row.Namespace, upTo)
            {
                Key = row.RequestKey, State = row.State, Status = row.Status.ToString().ToLowerInvariant(), Created = row.CreatedAt, Build = build, Map = map,
            });
            do
            {
                if (found.Current.IsErased) throw new UnusableInput($"Instance {row.Id} was erased while it was read. Export again.");
                writer.Record(found.Current.Version, found.Current.At, found.Current.Body);
                records++;
            }
            while (found.MoveNext());
            instances++;
            progress.Say(() => $"{instances:N0} instances, {records:N0} records");
        }
        progress.End($"{instances:N0} instances, {records:N0} records exported{(erased > 0 ? $"; {erased:N0} erased ones left out" : "")}.");
        return ExitCode.Passed;
    }

    private static (InstanceRow Row, long Records) One(IHistories histories, string instance, string? workflow)
    {
        if (!InstanceId.TryParse(instance, out var id)) throw new UnusableInput($"\"{instance}\" is not the id of an instance.");
        return histories.Find(id) is { } found && (workflow is null || found.Row.Workflow == workflow) ? found
            : throw new UnusableInput($"The store has no instance {instance}{(workflow is null ? "" : $" of {workflow}")}.");
    }
}
