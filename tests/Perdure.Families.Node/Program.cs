using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Perdure;
using Perdure.Families.Node;
using Perdure.Kernel;
using Perdure.Ports;
using Perdure.Postgres;

// Families over two databases, or one alone, every fifth cancelled. Started again after it was killed, it goes on; several may run at once. Arguments: connection string, the schemas ("-" for no second one, then
// there is no map), families, and whether the first database worked alone before ("grown").
var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
builder.Services.AddSingleton<Steps>();
builder.Services.AddPerdure(perdure =>
{
    const int lanes = 2;
    perdure.Workflow<Youngest>().Workflow<Middle>().Workflow<Eldest>();
    void Quick(PostgresStoreOptions o) => (o.Lease, o.StatementWithin, o.AnswerWithin) = (TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1));
    if (args[2] == "-")
    {
        perdure.UsePostgres(args[0], o =>
        {
            (o.Schema, o.Lanes) = (args[1], lanes);
            Quick(o);
        });
        return;
    }
    var map = new ShardMap { Lanes = lanes };
    for (var i = 0; i < 2; i++) map.Databases.Add(new() { Name = i == 0 ? "a" : "b", ConnectionString = args[0], Schema = args[1 + i] });
    if (args is [_, _, _, _, "grown"]) map.Versions.Add(["a"]);
    map.Versions.Add(["a", "b"]);
    perdure.UseShardedPostgres(map, Quick);
});
using var host = builder.Build();
await host.StartAsync();
var perdure = host.Services.GetRequiredService<IPerdure>();
var steps = host.Services.GetRequiredService<Steps>();
await Task.WhenAll(Enumerable.Range(0, int.Parse(args[3], CultureInfo.InvariantCulture)).Select(Live));
Console.WriteLine("all have ended");
await host.StopAsync();

async Task Live(int i)
{
    var task = new Errand($"f{i}", Waits: i % 5 == 4);
    InstanceId eldest;
    while (true)
    {
        var answer = await perdure.Start(new("eldest", task.Number, JsonSerializer.SerializeToUtf8Bytes(task, JsonSerializerOptions.Web)));
        if (answer is StartAnswer.Accepted accepted)
        {
            eldest = accepted.Instance;
            break;
        }
        if (answer is not (StartAnswer.Unavailable or StartAnswer.Overloaded)) throw new InvalidOperationException($"{task.Number} was not taken: {answer}");
        await Task.Delay(20);
    }
    while (true)
    {
        try
        {
            var row = (await perdure.Get(eldest, CancellationToken.None))!.Row;
            if (row.Status == Status.Ended) break;
            if (task.Waits && await perdure.Views.FindByBusinessKey("default", "youngest", task.Number, CancellationToken.None) is not null)
                await perdure.Cancel(eldest, new("me", []), "enough", CancellationToken.None);
        }
        catch (StoreException)      // on its way
        {
        }
        await Task.Delay(50);
    }
    steps.Say($"{task.Number} has ended");
}
