"""A host without a machine: variables, files and programs are texts, and a function plays the servers."""

import sanskey


class PlayedHost:
    def __init__(self, env=None, files=None, outputs=None, serve=None):
        self.env = env or {}
        self.files = files or {}
        self.outputs = outputs or {}
        self.serve = serve
        self.asks = []
        self.rounds = []

    def answer(self, ask):
        self.asks.append(ask)
        match ask.action:
            case sanskey.ReadEnv(names):
                return {name: self.env[name] for name in names if name in self.env}
            case sanskey.ReadFile(path):
                return self.files.get(path)
            case sanskey.RunCommand(argv):
                return self.outputs[tuple(argv)]
            case sanskey.HttpRequest():
                return self.serve(ask.id, ask.action)
            case sanskey.Wait():
                return None
        raise AssertionError(f"{ask} is not expected")

    def run(self, exchange, now):
        """The outcome of an exchange."""
        while (outcome := self.step(exchange, now)) is None:
            pass
        return outcome

    def step(self, exchange, now):
        """One round of an exchange, or its outcome."""
        match exchange.poll(now):
            case sanskey.Done(outcome):
                return outcome
            case sanskey.Pending(asks):
                self.rounds.append([ask.id for ask in asks])
                for ask in asks:
                    exchange.reply(ask.id, self.answer(ask))

    def ids(self):
        return [ask.id for ask in self.asks]

    def action(self, ask_id):
        return next(ask.action for ask in self.asks if ask.id == ask_id)


def exchange(config, **options):
    return sanskey.Exchange(sanskey.CredentialConfig.from_dict(config), sanskey.goals.AccessToken(), **options)
