"""AWS configuration files, drawn: what stands in them, and how it is written down.

They keep clear of what test_profiles.py lists as known differences.
"""

import shlex
import string

from draws import Draw

NAMES = ["default", "demo", "base", "prod eu", "démo-日本", "x-1", "a.b", 'say "hi"', "it's"]
SESSIONS = ["corp", "my login"]
SOURCES = ["Environment", "Ec2InstanceMetadata", "EcsContainer"]
LETTERS = string.ascii_letters + string.digits


class ProfileDraw(Draw):
    def files(self):
        """The texts of the files config and credentials, ``None`` for one that is not there, and names of profiles."""
        names = self.random.sample(NAMES, self.random.randint(2, 5))
        config, credentials = [], []
        for name in names:
            ours, theirs = self.split(self.settings(names))
            if ours or self.chance(0.3):
                config.append((self.header("profile", name), ours))
            if theirs:
                credentials.append((f"[{name}]", theirs))
        for name in SESSIONS:
            if self.chance(0.7):
                config.append((self.header("sso-session", name), self.login(name)))
        for header in ["[plugins]", "[services local]", "[preview]"]:
            if self.chance(0.15):
                config.append((header, {"endpoint": "x"}))
        self.random.shuffle(config)
        return (
            self.written(config) if config or self.chance(0.5) else None,
            self.written(credentials) if credentials or self.chance(0.5) else None,
            names,
        )

    def settings(self, names):
        """What a profile says; its key mostly stands in one file."""
        settings = {}
        if self.chance(0.45):
            settings["keys"] = {
                "aws_access_key_id": self.key(),
                "aws_secret_access_key": self.of(LETTERS + "/+=", 8, 40),
            }
            if self.chance(0.4):
                settings["keys"]["aws_session_token"] = self.of(LETTERS + "/+=", 8, 80)
            elif self.chance(0.1):
                settings["keys"].popitem()
            elif self.chance(0.1):
                del settings["keys"]["aws_access_key_id"]
        if self.chance(0.6):
            settings |= self.role_settings(names)
        if self.chance(0.1):
            settings["web_identity_token_file"] = "/token"
        if self.chance(0.15):
            settings["credential_process"] = self.command()
        if self.chance(0.15):
            settings |= self.sso()
        if self.chance(0.4):
            settings["region"] = self.random.choice(["eu-west-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"])
        if self.chance(0.03):
            settings["mfa_serial"] = "arn:aws:iam::123456789012:mfa/demo"
        if self.chance(0.03):
            settings["login_session"] = "arn:aws:iam::123456789012:user/demo"
        for other in ["output", "cli_pager", "description", "s3", "ec2"]:
            if self.chance(0.15):
                settings[other] = self.other(other)
        return settings

    def role_settings(self, names):
        role = {"role_arn": self.role_arn()}
        kind = self.random.random()
        if kind < 0.65 or kind > 0.96:
            role["source_profile"] = self.random.choice([*names, *names, *names, "nobody"])
        if 0.65 <= kind < 0.93 or kind > 0.97:
            role["credential_source"] = self.random.choice([*SOURCES, *SOURCES, *SOURCES, "environment"])
        if self.chance(0.3):
            role["role_session_name"] = self.name(2, 64)
        if self.chance(0.3):
            role["external_id"] = self.name(2, 60, "/:")
        if self.chance(0.3):
            role["duration_seconds"] = str(self.random.randint(900, 43200))
        return role

    def sso(self):
        sso = {"sso_account_id": self.of(string.digits, 12, 12), "sso_role_name": self.name(1, 64)}
        if self.chance(0.5):
            sso |= self.login("corp") if self.chance(0.9) else {}
        else:
            sso["sso_session"] = self.random.choice([*SESSIONS, *SESSIONS, "nobody"])
        if self.chance(0.1):
            del sso[self.random.choice(sorted(sso))]
        return sso

    def login(self, name):
        return {"sso_start_url": f"https://{name.replace(' ', '-')}.awsapps.com/start", "sso_region": "eu-west-1"}

    def command(self):
        words = [self.text(1, 8, spaces=self.chance(0.3)) for _ in range(self.random.randint(1, 4))]
        line = " ".join(self.quoted(word) for word in words)
        # A shell's quotes do not go on in the next line.
        line = line.replace("\n", " ")
        if self.chance(0.15):
            line += "\n    --more\n\n    'and more'"
        if self.chance(0.05):
            line += " 'open"
        return line

    def quoted(self, word):
        kind = self.random.random()
        if kind < 0.5:
            return shlex.quote(word)
        if kind < 0.8:
            return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return "".join(f"\\{c}" if c in " \t\"'\\#" or self.chance(0.1) else c for c in word)

    def other(self, name):
        if name in ("s3", "ec2"):
            return "\n  max_attempts = 3\n  # a comment\n\n  aws_access_key_id=nested"
        return self.random.choice(["json", "a = b: c", "# no comment", "x ; y", "%(z)s", self.text(1, 20)])

    def key(self):
        return "AKIA" + self.of(string.ascii_uppercase + string.digits, 16, 16)

    def split(self, settings):
        """Which settings stand in which file; now and then one stands in both, and differs."""
        config, credentials = {}, {}
        all_in = self.random.choice([config, credentials, None])
        for name, value in settings.items():
            file = self.random.choice([config, credentials]) if all_in is None else all_in
            if name == "keys" and self.chance(0.1):
                for each, text in value.items():
                    self.random.choice([config, credentials])[each] = text
                continue
            file |= value if name == "keys" else {name: value}
            if name == "keys" and self.chance(0.1):
                other = credentials if file is config else config
                other |= {each: text[::-1] for each, text in value.items() if self.chance(0.8)}
            if name == "region" and self.chance(0.2):
                config["region"], credentials["region"] = "eu-north-1", value
        return config, credentials

    def header(self, kind, name):
        if kind == "profile" and name == "default":
            return "[default]"
        word = (
            self.quoted(name)
            if self.chance(0.5) or name != "".join(shlex.split(shlex.quote(name)))
            else shlex.quote(name)
        )
        space = self.random.choice([" ", " ", "  ", "\t"])
        return f"[{kind}{space}{word}{self.random.choice(['', '', ' '])}]" + self.random.choice(
            ["", "", "", " # x", " ; y", "  "]
        )

    def written(self, sections):
        lines = []
        for header, settings in sections:
            lines += [*self.noise(), header]
            indentation = self.random.choice(["", "", "", "  ", "\t"])
            for name, value in self.shuffled(settings):
                lines += self.noise() + [indentation + line for line in self.setting(name, value).split("\n")]
        if self.chance(0.06):
            broken = ["nonsense", "= value", ": value", "[open", "[demo]\n[demo]", "x = 1\nx = 2", "x = 1\nX: 2"]
            lines.insert(self.random.randint(0, len(lines)), self.random.choice(broken))
        end = "\r\n" if self.chance(0.2) else "\n"
        return end.join("\n".join(lines).split("\n")) + (end if self.chance(0.8) else "")

    def setting(self, name, value):
        if self.chance(0.1):
            name = self.random.choice([name.upper(), name.title()])
        delimiter = self.random.choice(["=", " = ", ":", " : ", "\t=  ", ": "])
        return name + delimiter + value + self.random.choice(["", "", "", "  ", "\t"])

    def noise(self):
        choices = ["", "", "# comment = x", "; [section]", "   # indented", "\t", "#", "   "]
        return [self.random.choice(choices)] if self.chance(0.25) else []

    def shuffled(self, settings):
        pairs = list(settings.items())
        self.random.shuffle(pairs)
        return pairs
