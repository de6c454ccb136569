using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Perdure;
using Perdure.Kernel;
using Perdure.Sqlite;

var trip = new Trip(args.ElementAtOrDefault(0) ?? "Ada", args.ElementAtOrDefault(1) ?? "Lisbon");

var builder = Host.CreateApplicationBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.Services.AddPerdure(perdure => perdure.Workflow<BookTrip>().UseSqlite("trips.db"));
using var host = builder.Build();
try { await host.StartAsync(); }
catch (PerdureException) { return 1; }      // a bad map, a store that is in use: the log says what to do

// The same key is the same trip, however often the program is started.
var perdure = host.Services.GetRequiredService<IPerdure>();
var input = JsonSerializer.SerializeToUtf8Bytes(trip, PerdureOptions.DefaultJson());
var answer = await perdure.Start(new("book-trip", Key: $"{trip.Traveller} to {trip.City}", input));
if (answer is not StartAnswer.Accepted started) throw new InvalidOperationException(answer.ToString());

var stopping = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
for (var shown = ""; !stopping.IsCancellationRequested; await Task.Delay(100))
{
    var row = (await perdure.Get(started.Instance))!.Row;
    if (row.State != shown) Console.WriteLine(shown = row.State);
    if (row.Status == Status.Ended) break;
}
await host.StopAsync();
return 0;
