// pablo.conf: what is accepted, and what a message says.

#include "check.h"

#include "pablo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string>
#include <sys/stat.h>

void test_conf();

static bool parse(const std::string & text, pablo_conf * conf, std::string * error) {
    char message[PABLO_MAX_ERROR] = "";
    const bool ok = pablo_parse_conf(conf, "pablo.conf", text.data(), text.size(), message);
    *error = message;
    return ok;
}

static const std::string basic_table = "64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -128 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 64";

static const std::string balanced_table = "42 22 15 12 10 9 9 9 9 9 9 10 12 15 22 42 -127 -65 -50 -38 -28 -19 -10 -1 0 9 18 27 37 49 64 127";

// Each pattern of stars against each short text of two letters, by the recursive definition.
static bool defined_match(const char * pattern, const char * name) {
    if (*pattern == '*') {
        return defined_match(pattern + 1, name) || (*name && defined_match(pattern, name + 1));
    }
    return *pattern == *name && (*name == '\0' || defined_match(pattern + 1, name + 1));
}

static bool table_matches(const std::string & pattern, const std::string & name) {
    pablo_conf conf;
    std::string error;
    CHECK(parse("1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE " + pattern + " " + balanced_table, &conf, &error), "%s", error.c_str());
    const bool matched = pablo_table_for(&conf, name.c_str())->width[0] == 42;
    pablo_free_conf(&conf);
    return matched;
}

static std::string word(int number, const char * letters, int n_letters) {
    std::string text;
    for (; number > 0; number /= n_letters + 1) {
        if (number % (n_letters + 1) > 0) {
            text += letters[number % (n_letters + 1) - 1];
        }
    }
    return text;
}

static void test_patterns() {
    for (int i = 1; i < 256; ++i) {
        const std::string pattern = word(i, "ab*", 3);
        for (int j = 0; j < 81; ++j) {
            const std::string name = word(j, "ab", 2);
            CHECK(table_matches(pattern, name) == defined_match(pattern.c_str(), name.c_str()), "%s on %s", pattern.c_str(), name.c_str());
        }
    }
    std::string stars = "*";
    while (stars.size() < 60) {
        stars += "a*";
    }
    const std::string name = std::string(60, 'a');
    CHECK(!table_matches(stars + "b", name), "a pattern of many stars"); // for ever, by the definition
    CHECK(table_matches(stars, name), "a pattern of many stars");
}

static void test_files() {
    for (const char * name : { "/", "/dev/null" }) {
        setenv("PABLO_CONF", name, 1);
        pablo_conf conf;
        const char * found;
        char message[PABLO_MAX_ERROR] = "";
        CHECK(!pablo_read_conf(&conf, &found, message) && std::string(message) == std::string(name) + ": is no regular file", "%s", message);
    }
    const std::string pipe = "pablo-test-conf.pipe";
    remove(pipe.c_str());
    CHECK(mkfifo(pipe.c_str(), 0600) == 0, "mkfifo");
    setenv("PABLO_CONF", pipe.c_str(), 1);
    pablo_conf conf;
    const char * found;
    char message[PABLO_MAX_ERROR] = "";
    CHECK(!pablo_read_conf(&conf, &found, message), "a pipe was read");
    remove(pipe.c_str());
    unsetenv("PABLO_CONF");
}

void test_conf() {
    pablo_conf conf;
    std::string error;
    CHECK(parse("# a comment\r\n\r\n1 3 1 # more\r\nDECODE published:shift,rawdot\r\nTYPES Q8_0\r\nHISTOGRAM some path/h.json\r\n", &conf, &error), "%s", error.c_str());
    CHECK(conf.own && conf.radius == 3 && conf.table_mode == PABLO_TABLE_BALANCED && conf.types == PABLO_TYPE_Q8_0 &&
        conf.defects == (PABLO_DEFECT_SHIFT | PABLO_DEFECT_RAWDOT) && std::string(conf.histogram) == "some path/h.json", "what was read differs");
    CHECK(parse("1 0 2\nTABLE " + basic_table, &conf, &error) && conf.table.width[0] == 64 && conf.table.value[0] == -128, "%s", error.c_str());

    pablo_free_conf(&conf);
    CHECK(parse("1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE blk.*.ffn_down.* 1" + balanced_table.substr(2) + "\nTENSOR_TABLE * " + balanced_table, &conf, &error) == false, "widths that do not sum to 256");
    CHECK(parse("1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE blk.*.ffn_down.* " + balanced_table, &conf, &error), "%s", error.c_str());
    CHECK(pablo_table_for(&conf, "blk.12.ffn_down.weight")->width[0] == 42 && pablo_table_for(&conf, "blk.12.ffn_up.weight")->width[0] == 64, "TENSOR_TABLE");
    pablo_free_conf(&conf);

    CHECK(parse("0 0 0\nFEEDBACK some path/m.gguf\n", &conf, &error) && std::string(conf.feedback) == "some path/m.gguf" && conf.damping == 0.01, "%s", error.c_str());
    CHECK(pablo_feedback_for(&conf, "output.weight"), "feedback is for all tensors");
    pablo_free_conf(&conf);
    CHECK(parse("0 0 0\nFEEDBACK m\nDAMPING 1e-3\nFEEDBACK_TENSORS off blk.*.ffn_down.*\nFEEDBACK_TENSORS on blk.*\nFEEDBACK_TENSORS off *\n", &conf, &error), "%s", error.c_str());
    CHECK(conf.damping == 1e-3 && !pablo_feedback_for(&conf, "blk.1.ffn_down.weight") && pablo_feedback_for(&conf, "blk.1.ffn_up.weight") &&
        !pablo_feedback_for(&conf, "output.weight"), "FEEDBACK_TENSORS: the first that matches");
    pablo_free_conf(&conf);
    test_patterns();
    test_files();

    const struct { std::string text, expected; } bad[] = {
        { "",                                   "pablo.conf:1:1: expected EXECUTION_MODE Q4_0_RADIUS TABLE_MODE, found an empty file" },
        { "# only a comment\n",                 "found an empty file" },
        { "2 0 0\n",                            "pablo.conf:1:1: expected EXECUTION_MODE, 0 (simple) or 1 (own), found \"2\"" },
        { "1 -1 0\n",                           "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"-1\"" },
        { "1 8 0\n",                            "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"8\"" },
        { "1 1.5 0\n",                          "pablo.conf:1:3: expected Q4_0_RADIUS, 0 to 7, found \"1.5\"" },
        { "1 0\n",                              "found the end of the line" },
        { "1 0 3\n",                            "pablo.conf:1:5: expected TABLE_MODE" },
        { "1 0 0 0\n",                          "pablo.conf:1:7: expected the end of the line, found \"0\"" },
        { "1 0 2\n",                            "TABLE_MODE 2 expects a line: TABLE" },
        { "1 0 0\nTABLE " + basic_table,        "pablo.conf:2:1: expected TABLE only with TABLE_MODE 2" },
        { "1 0 2\nTABLE " + basic_table + " 7", "expected the end of the line, found \"7\"" },
        { "1 0 2\nTABLE 63" + basic_table.substr(2), "pablo.conf:2:7: TABLE: bin widths sum to 255, expected 256" },
        { "1 0 2\nTABLE 1 2 3\n",               "expected 16 bin widths" },
        { "1 0 2\nTABLE 64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -128 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 32", "decoded value 16 is 32, expected more than the one before, 32" },
        { "1 0 2\nTABLE 64 32 16 8 4 2 1 1 1 1 2 4 8 16 32 64 -129 -64 -32 -16 -8 -4 -2 -1 0 1 2 4 8 16 32 64", "-128 to 127" },
        { "1 0 2\nTABLE " + basic_table + "\nTENSOR_TABLE\n", "pablo.conf:3:13: expected a tensor's name" },
        { "1 0 0\nTENSOR_TABLE x " + basic_table, "pablo.conf:2:1: expected TABLE only with TABLE_MODE 2" },
        { "1 0 0\nCONTAINER wide\n",            "pablo.conf:2:11: expected native or packed, found \"wide\"" },
        { "1 0 0\nCONTAINER native\nCONTAINER packed\n", "pablo.conf:3:1: expected each key only once" },
        { "1 0 0\nDECODE published:\n",         "pablo.conf:2:8: expected exact, published" },
        { "1 0 1\nSCALE search\n",             "SCALE search expects ENCODE nearest" },
        { "1 0 0\nTYPES Q4_K\n",                "pablo.conf:2:7: expected Q4_0 or Q8_0, found \"Q4_K\"" },
        { "1 0 0\nTYPES\n",                     "expected Q4_0 or Q8_0, found the end of the line" },
        { "1 0 0\nHISTOGRAM\n",                 "expected a path" },
        { "1 0 0\nRADIUS 3\n",                  "pablo.conf:2:1: expected CONTAINER, TABLE, TENSOR_TABLE, ENCODE, SCALE, DECODE, TYPES, HISTOGRAM, FEEDBACK, DAMPING or FEEDBACK_TENSORS, found \"RADIUS\"" },
        { "0 0 0\nFEEDBACK\n",                 "pablo.conf:2:9: expected a path" },
        { "0 0 0\nFEEDBACK m\nDAMPING 0\n",    "pablo.conf:3:9: expected a number above 0, found \"0\"" },
        { "0 0 0\nFEEDBACK m\nDAMPING -1\n",   "expected a number above 0, found \"-1\"" },
        { "0 0 0\nFEEDBACK m\nDAMPING nan\n",  "expected a number above 0, found \"nan\"" },
        { "0 0 0\nFEEDBACK m\nDAMPING\n",      "expected a number above 0, found the end of the line" },
        { "0 0 0\nDAMPING 0.1\n",              "DAMPING expects a line: FEEDBACK" },
        { "0 0 0\nFEEDBACK_TENSORS on *\n",    "FEEDBACK_TENSORS expects a line: FEEDBACK" },
        { "0 0 0\nFEEDBACK m\nFEEDBACK_TENSORS *\n", "pablo.conf:3:18: expected off or on, found \"*\"" },
        { "0 0 0\nFEEDBACK m\nFEEDBACK_TENSORS on\n", "expected a tensor's name" },
        { "0 0 0\nFEEDBACK m\nDECODE published\n", "FEEDBACK expects DECODE exact" },
        { "1 0 0\nCONTAINER packed\nDECODE published\n", "CONTAINER packed expects DECODE exact" },
        { std::string("1 0 0\n\0\x01\x02", 9),  "a zero byte" },
        { std::string("\x7f" "ELF\x02\x01", 6), "pablo.conf:1:1: expected EXECUTION_MODE" },
        { "1 0 0\n# " + std::string(9000, 'x'), "8192 characters" },
    };
    for (const auto & b : bad) {
        CHECK(!parse(b.text, &conf, &error), "accepted: %s", b.text.c_str());
        CHECK(error.find(b.expected) != std::string::npos, "\"%s\" does not say \"%s\"", error.c_str(), b.expected.c_str());
    }
}
