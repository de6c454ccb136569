using Perdure.Transactions.Node;

// Pays some bills and says so, part by part. Started again after it was killed, it goes on. Arguments: kind, target, schema, bills, parts.
var home = new Home(args[0], args[1], args[2]);
await using var node = new PayingNode(home);
var paying = 0;
node.Meanwhile.Do = (payment, _, _) =>
{
    Console.WriteLine($"{Interlocked.Increment(ref paying)}. pays part {payment.Number} of {payment.Account}");
    return Task.CompletedTask;
};
await node.Start(home);
var how = new[] { "ado", "dapper", "ef" };
var bills = Enumerable.Range(0, int.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture))
    .Select(i => new Bill($"bill-{i}", int.Parse(args[4], System.Globalization.CultureInfo.InvariantCulture), how[i % how.Length], AtOnce: i % 4 == 3, CalledOff: i % 5 == 4));
foreach (var end in await Task.WhenAll(bills.Select(async bill => $"{bill.Account} {await node.Ends(await node.Start(bill), CancellationToken.None)}"))) Console.WriteLine(end);
Console.WriteLine("all have ended");
